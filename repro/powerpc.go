package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// powerPC reads the lines of PowerPC's own detector of hard lockups
// (arch/powerpc/kernel/watchdog.c): "watchdog: CPU 7 self-detected hard LOCKUP @ f+0x1/0x2",
// "watchdog: CPU 1 detected hard LOCKUP on other CPUs 2,5", and "watchdog: CPU 2 Hard
// LOCKUP", which the stuck CPU prints before its registers.
func (c *collector) powerPC(s *stream, e *entry) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(e.text), "watchdog: CPU ")
	if !ok {
		return false
	}
	cpu, rest, _ := strings.Cut(rest, " ")
	if cpu == "" || strings.Trim(cpu, "0123456789") != "" {
		return false
	}
	if strings.HasPrefix(rest, "TB:") || strings.HasPrefix(rest, "became unstuck TB:") {
		return true
	}
	if others, ok := strings.CutPrefix(rest, "detected hard LOCKUP on other CPUs "); ok {
		if others == "" || strings.Trim(others, "0123456789-,") != "" {
			return false
		}
		for _, other := range strings.Split(others, ",") {
			c.hardLockup(e, other)
		}
		return true
	}
	if rest != "Hard LOCKUP" && !strings.HasPrefix(rest, "self-detected hard LOCKUP @ ") {
		return false
	}
	c.hardLockup(e, cpu)
	l, _, ok := klog.ParseLine("watchdog: Watchdog detected hard LOCKUP on cpu " + cpu)
	if h, is := l.(*klog.HardLockup); ok && is {
		s.stuckOn(&Running{CPU: h.CPU})
	}
	return true
}

// hardLockup adds a report, but not the line of the stuck CPU after that of its detector.
func (c *collector) hardLockup(e *entry, cpus string) {
	f := c.facts
	const near = 50
	for i := len(f.Lockups) - 1; i >= 0 && f.Lockups[i].Line+near > e.line; i-- {
		if l := f.Lockups[i]; l.Kind == "hard" && l.CPUs == cpus {
			return
		}
	}
	f.Lockups = append(f.Lockups, &Lockup{Where: e.where(), Kind: "hard", CPUs: name(cpus)})
}
