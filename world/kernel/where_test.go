package kernel

import (
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/klog"
)

// Stacks on the console distinguish waiting tasks: the same mutex and the same grace
// period give different stacks in perf_event_open(), in close() and in a worker.
func TestStacksTellWhoWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		task task
		want string // a function in the stack
	}{
		{"close() behind another", task{where: inMutex, closing: &closing{}}, "perf_trace_destroy"},
		{"perf_event_open() behind a close()", task{where: inMutex}, "perf_trace_init"},
		{"a worker behind a close()", task{where: inMutex, kernel: true, item: &work{name: "perf_trace_free_work"}}, "perf_trace_free_work"},
		{"close() in a grace period", task{where: inSRCUWait, closing: &closing{}}, "perf_trace_destroy"},
		{"close() of a function-trace event, until every CPU has run a work item", task{where: inRude, closing: &closing{}}, "perf_trace_destroy"},
		{"close() of a function-trace event in RCU tasks", task{where: inRCUTasks, closing: &closing{}}, "perf_trace_destroy"},
		{"perf_event_open() in one", task{where: inSRCUWait}, "tracepoint_add_func"},
	} {
		if s := tt.task.stack(); !slices.ContainsFunc(s, func(f klog.Frame) bool { return f.Func == tt.want }) {
			t.Errorf("%s: %v, want %s in it", tt.name, s, tt.want)
		}
	}
}

// A backtrace shows the executing context: a device's interrupt differs from a
// timer's, and a worker is in the function of its item.
func TestBacktracesTellWhatExecutes(t *testing.T) {
	t.Parallel()
	invoking := &task{kernel: true, item: &work{name: "srcu_invoke_callbacks"}}
	for _, tt := range []struct {
		name string
		cpu  cpu
		want string
	}{
		{"a sample", cpu{cur: invoking, stormCPU: stormCPU{hr: &source{}, hrLeft: 1}}, "perf_swevent_hrtimer"},
		{"a device's handler", cpu{cur: invoking, stormCPU: stormCPU{hr: &source{device: true}, hrLeft: 1}}, "__handle_irq_event_percpu"},
		{"a work item", cpu{cur: invoking}, "srcu_invoke_callbacks"},
	} {
		if s := tt.cpu.executing(false); s[0].Func != tt.want {
			t.Errorf("%s: in %s, want %s", tt.name, s[0].Func, tt.want)
		}
	}
}

func TestWorkersNameTheirWorkqueue(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]string{
		"process_srcu": "rcu_gp process_srcu", "rcu_tasks_be_rude": "events rcu_tasks_be_rude",
		"perf_trace_free_work": "events perf_trace_free_work", "rcu_sr_normal_gp_cleanup_work": "sync_wq rcu_sr_normal_gp_cleanup_work",
	} {
		worker := task{kernel: true, item: &work{name: item}}
		if got := worker.show().Workqueue; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Both stall reports count grace periods across the wrap of their numbers.
func TestStallReportsCountAcrossTheWrap(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	k.rcu.seq, k.rcu.root.qsmask = 1, 1
	k.cpus[0].gpSeq = ^uint64(2)
	if got := k.stallReport(k.cpus[1], false).CPUs[0].Behind; got != 1 {
		t.Errorf("CPU 0 is %d grace periods behind, want 1", got)
	}
	if p := (&irqProbe{pending: true, probedGP: ^uint64(2)}).probe(1); p.Unanswered != 1 {
		t.Errorf("a probe is unanswered for %d grace periods, want 1", p.Unanswered)
	}
}
