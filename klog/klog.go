// Package klog writes the lines a Linux 7.0 kernel would print on its console
// when a watchdog fires. It formats and decides nothing: the caller says what
// was seen, a function returns the lines.
//
// The shapes are those of the kernel's own format strings, so that tools which
// read kernel logs treat the text as they would treat a real one. What a model
// cannot know is printed as a fixed neutral value: an address is always the
// start of its function (+0x0/0x0), task and thread flags are zero unless
// given.
package klog

import (
	"fmt"
	"time"
)

// Stamp puts the printk timestamp in front of a line: seconds since boot with
// microseconds (kernel/printk/printk.c, print_time).
func Stamp(at time.Duration, line string) string {
	us := at.Microseconds()
	return fmt.Sprintf("[%5d.%06d] %s", us/1e6, us%1e6, line)
}

// Build identifies the kernel that prints.
type Build struct {
	Taint   string // "Not tainted", or "Tainted: " and the letters
	Release string // uname -r
	Version string // the first word of uname -v
}

// Rc1 is the kernel of the report.
var Rc1 = Build{Taint: "Not tainted", Release: "7.0.0-rc1", Version: "#1"}

// rcu is pr_fmt of kernel/rcu: every line printed there starts with it.
const rcu = "rcu: "

// flavor is the name of the RCU flavour, rcu_preempt unless given.
func flavor(name string) string {
	if name == "" {
		return "rcu_preempt"
	}
	return name
}

// letter is c if set, "." otherwise: the kernel's way of printing flags.
func letter(set bool, c byte) byte {
	if set {
		return c
	}
	return '.'
}
