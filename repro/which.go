package repro

import (
	"slices"
	"strings"
)

// Since 7.0 close() of a perf tracepoint event waits for two SRCU domains, one after
// the other: that of tasks-trace, then tracepoint_srcu. Both waits are in
// synchronize_srcu(), called by inlined functions.

// domain is one of the two.
type domain uint8

const (
	eitherDomain domain = iota
	tasksTrace
	tracepointSRCU
)

// adders wait for tracepoint_srcu only, before they add a probe.
var adders = []string{"tp_rcu_cond_sync", "tracepoint_add_func", "tracepoint_probe_register", "tracepoint_probe_register_prio", "tracepoint_probe_register_may_exist", "tracepoint_probe_register_prio_may_exist"}

// srcuCaller returns the frame that calls synchronize_srcu(), or nil.
func (t *Task) srcuCaller() *call {
	i := t.index(srcuWaits...)
	for i >= 0 && i < len(t.Stack) && slices.Contains(srcuWaits, base(*t.Stack[i].name)) {
		i++
	}
	if i < 0 || i >= len(t.Stack) {
		return nil
	}
	return &t.Stack[i]
}

// fromHeader notes the header of an inlined function from the output of
// scripts/decode_stacktrace.sh: "perf_trace_destroy (include/linux/tracepoint.h:116
// kernel/trace/trace_event_perf.c:154)".
func (t *Task) fromHeader(line string) {
	if caller := t.srcuCaller(); caller == nil || caller != &t.Stack[len(t.Stack)-1] {
		return
	}
	for _, header := range []string{"rcupdate_trace.h", "tracepoint.h"} {
		if strings.Contains(line, " (include/linux/"+header+":") || strings.Contains(line, " (./include/linux/"+header+":") {
			t.header = header
		}
	}
}

// waitsFor returns the domain that a task waits for, and how the log tells it.
func (f *Facts) waitsFor(t *Task) (d domain, how string) {
	caller := t.srcuCaller()
	if caller == nil {
		return eitherDomain, ""
	}
	name := base(*caller.name)
	switch {
	case name == "synchronize_rcu_tasks_trace", t.header == "rcupdate_trace.h":
		return tasksTrace, "by the inlined function"
	case slices.Contains(adders, name):
		return tracepointSRCU, "adding a probe waits for no other"
	case t.decoded && name == "tracepoint_synchronize_unregister", t.header == "tracepoint.h":
		return tracepointSRCU, "by the inlined function"
	}
	// The calls are in this order in the function, so two return addresses in it
	// tell them apart.
	switch r := f.returns[*caller.name]; {
	case r.first == r.last:
		return eitherDomain, ""
	case caller.offset == r.first:
		return tasksTrace, "by the first of two return addresses in " + name
	case caller.offset == r.last:
		return tracepointSRCU, "by the second of two return addresses in " + name
	}
	return eitherDomain, ""
}

// addresses are the first and the last return address in a function, as offsets.
type addresses struct{ first, last uint32 }

// returnAddresses collects those of the functions that wait for one of the domains.
func (f *Facts) returnAddresses() {
	f.returns = map[string]addresses{}
	for _, t := range f.shown(WaitTracepoint) {
		c := t.srcuCaller()
		if c == nil || c.offset == 0 {
			continue
		}
		r, known := f.returns[*c.name]
		if !known {
			r = addresses{c.offset, c.offset}
		}
		f.returns[*c.name] = addresses{min(r.first, c.offset), max(r.last, c.offset)}
	}
}

// srcuDomain returns the SRCU domain that these functions wait for.
func (t *Task) srcuDomain() string {
	for _, d := range []struct {
		name    string
		callers []string
	}{
		{"fsnotify_mark_srcu", []string{"fsnotify_mark_destroy_workfn", "fsnotify_connector_destroy_workfn", "fsnotify_destroy_group"}},
		{"the SRCU domain of a virtual machine (kvm)", []string{"kvm_swap_active_memslots", "install_new_memslots", "kvm_set_memslot", "kvm_io_bus_register_dev", "kvm_vm_ioctl_set_msr_filter"}},
		{"the SRCU domain of the MMU notifiers", []string{"mmu_notifier_unregister", "__mmu_notifier_release", "mn_hlist_release", "mmu_notifier_synchronize", "mmu_interval_notifier_remove"}},
		{"uretprobes_srcu", []string{"uprobe_unregister_sync"}},
		{"tasks_rcu_exit_srcu", []string{"rcu_tasks_postscan"}},
		{"the SRCU domain of a block queue", []string{"blk_mq_wait_quiesce_done", "blk_mq_quiesce_queue", "blk_mq_quiesce_tagset"}},
		{"srcu of device links", []string{"device_link_wait_removal", "device_links_flush"}},
	} {
		if has(t, d.callers...) {
			return d.name
		}
	}
	return ""
}
