package repro

import (
	"strconv"
	"strings"
)

// busyPools is where a list of busy worker pools is, which follows reports of pools that
// make no progress (kernel/workqueue.c, show_pwq). It has all pools, stuck or not.
type busyPools struct {
	stuck  []*Lockup // that the list is about
	listed int       // lockups that it or a list before it is about
	cpus   string    // of the pool whose work items follow; empty if none was read
	nice   int
}

// busyWorkqueue takes in a line of such a list: which work items of a pool run and which
// wait.
func (c *collector) busyWorkqueue(e *entry) bool {
	b, all := &c.busy, c.facts.Lockups
	if len(all) == 0 || all[len(all)-1].Kind != "workqueue" {
		return false
	}
	text := strings.Trim(e.text, " \t")
	if text == "Showing busy workqueues and worker pools:" {
		if b.listed < len(all) {
			b.stuck, b.listed = all[b.listed:], len(all)
		}
		b.cpus = ""
		return true
	}
	if work, ok := strings.CutPrefix(text, "in-flight: "); ok {
		for _, l := range b.of(all) {
			l.InFlight = append(l.InFlight, Seen[string]{Value: name(work), Line: e.line})
		}
		return true
	}
	if work, ok := strings.CutPrefix(text, "pending: "); ok {
		for _, l := range b.of(all) {
			l.Pending = append(l.Pending, Seen[string]{Value: name(work), Line: e.line})
		}
		return true
	}
	if strings.HasPrefix(text, "pwq ") && strings.Contains(text, ": cpus=") {
		b.pool(text)
		return true
	}
	return strings.HasPrefix(text, "workqueue ") && strings.Contains(text, ": flags=0x") ||
		strings.HasPrefix(text, "pool ") && strings.Contains(text, ": cpus=")
}

// pool notes which pool the next work items belong to.
func (b *busyPools) pool(text string) {
	b.cpus, b.nice = "", 0
	for _, field := range strings.Fields(text) {
		if cpus, ok := strings.CutPrefix(field, "cpus="); ok {
			b.cpus = strings.Clone(cpus)
		}
		if nice, ok := strings.CutPrefix(field, "nice="); ok {
			b.nice, _ = strconv.Atoi(nice)
		}
	}
}

// of returns the stuck pools whose work items the list is at, as far as there is room for
// more. Where the log does not say it, they are those of the last report.
func (b *busyPools) of(all []*Lockup) (found []*Lockup) {
	stuck := b.stuck
	if len(stuck) == 0 || b.cpus == "" {
		stuck = all[len(all)-1:]
	}
	for _, l := range stuck {
		if l.Kind == "workqueue" && (b.cpus == "" || l.CPUs == b.cpus && l.Nice == b.nice) && len(l.InFlight)+len(l.Pending) <= maxSuspects {
			found = append(found, l)
		}
	}
	return found
}
