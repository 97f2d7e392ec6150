package guest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// events are kprobe events on the functions of a close and of its grace periods.
// Arguments are read from the registers of the x86-64 calling convention. A domain is
// identified by its symbol, which a kernel has with KALLSYMS_ALL.
var events = []string{
	"wait synchronize_srcu domain=%di:symbol",
	"scan try_check_zero domain=%di:symbol rank=%si:u32 tries=%dx:u32",
	"normal synchronize_rcu",
	"expedited synchronize_rcu_expedited",
	"tasks synchronize_rcu_tasks_trace",
}

const (
	group = "gpstorm"
	// traceBuffer is the size of the trace of a CPU in KiB.
	traceBuffer = 512
)

// evidence records why the closes of a case take long: a trace of the waits, and at
// intervals the stacks of all blocked tasks and the state of RCU.
type evidence struct {
	every time.Duration // interval between two looks at a close() that takes longer than this
	next  time.Duration
	taken int
}

// newEvidence installs the probes. If the kernel lacks a function, its probe is left
// out.
func newEvidence(every time.Duration) (*evidence, error) {
	if every <= 0 {
		return nil, nil
	}
	for path, value := range map[string]any{"tracing_on": 0, "buffer_size_kb": traceBuffer} {
		if err := set(filepath.Join(tracing, path), value); err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
	}
	f, err := os.OpenFile(filepath.Join(tracing, "kprobe_events"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("evidence: %w: want a kernel with KPROBE_EVENTS", err)
	}
	found := 0
	for _, e := range events {
		if _, err := fmt.Fprintf(f, "p:%s/%s\n", group, e); err == nil {
			found++
		}
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if found == 0 {
		return nil, fmt.Errorf("evidence: the kernel takes none of %d probes", len(events))
	}
	for path, value := range map[string]any{
		filepath.Join(tracing, "events", group, "enable"): 1,
		filepath.Join(tracing, "tracing_on"):              1,
		"/proc/sys/kernel/sysrq":                          1,
	} {
		if err := set(path, value); err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
	}
	return &evidence{every: every, next: every}, nil
}

// look prints the stacks of blocked tasks and the state of RCU to the kernel's log,
// if a close has taken long enough since the last look.
func (e *evidence) look(closers []*closer, t0 time.Duration) error {
	if e == nil || e.taken >= wire.MaxLooks {
		return nil
	}
	at, slow := now(), false
	for _, c := range closers {
		calling := time.Duration(c.calling.Load() - 1)
		slow = slow || calling >= 0 && at-calling >= e.every
	}
	if !slow || at-t0 < e.next {
		return nil
	}
	e.taken++
	e.next = at - t0 + e.every
	// w: the stacks of blocked tasks; y: the state of RCU (rcutree.sysrq_rcu).
	return errors.Join(set("/proc/sysrq-trigger", "w"), set("/proc/sysrq-trigger", "y"))
}

// end removes the probes and returns their trace and their counts.
func (e *evidence) end(threads map[int]string) (*wire.Evidence, error) {
	if e == nil {
		return nil, nil
	}
	found := &wire.Evidence{Looks: e.taken, Hits: map[string]int64{}, Closers: threads}
	if err := set(filepath.Join(tracing, "tracing_on"), 0); err != nil {
		return nil, err
	}
	for line := range strings.Lines(get(filepath.Join(tracing, "kprobe_profile"))) {
		var name string
		var hits int64
		if n, _ := fmt.Sscan(line, &name, &hits); n == 2 {
			found.Hits[name] = hits
		}
	}
	for line := range strings.Lines(get(filepath.Join(tracing, "trace"))) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			found.Trace = append(found.Trace, line)
		}
	}
	if over := len(found.Trace) - wire.MaxLines; over > 0 {
		found.Trace = found.Trace[over:]
	}
	return found, errors.Join(
		set(filepath.Join(tracing, "events", group, "enable"), 0),
		os.WriteFile(filepath.Join(tracing, "kprobe_events"), nil, 0), // truncating it removes the probes
	)
}
