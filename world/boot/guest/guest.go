// Package guest is gpstorm's side on a real kernel: it is /init of an initramfs, or a
// process of root. It runs cases: tasks that close perf events of tracepoints, under
// storms of timer interrupts or NMIs whose handlers take a chosen share of the CPU,
// beside competing tasks.
package guest

const (
	// CasesPath is the file with the cases for /init, a JSON list of wire.Case.
	CasesPath = "/cases.json"
	// ModulePath is the kernel module of a candidate for /init, if there is one, and
	// ModuleParametersPath the parameters of the module.
	ModulePath           = "/gpstorm.ko"
	ModuleParametersPath = "/gpstorm.parameters"
	// resultsPort is the port to which /init writes its records. The kernel does not
	// write to it.
	resultsPort = "/dev/ttyS1"
)
