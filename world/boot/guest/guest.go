// Package guest is the side of gpstorm that runs on a real kernel: as /init of an
// initramfs, or as a process of root's. It runs cases: tasks that close perf
// events of tracepoints, under storms of timer interrupts or of NMIs whose
// handlers take a chosen share of the CPU, beside tasks that compete for it.
package guest

const (
	// CasesPath is where /init finds its cases, a JSON list of wire.Case.
	CasesPath = "/cases.json"
	// ModulePath is where /init finds the kernel module of a candidate, if there is
	// one, and ModuleParametersPath what it is loaded with.
	ModulePath           = "/gpstorm.ko"
	ModuleParametersPath = "/gpstorm.parameters"
	// resultsPort is where /init writes its records: a port that the kernel does
	// not write to.
	resultsPort = "/dev/ttyS1"
)
