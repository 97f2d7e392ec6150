// Package module contains the source of a Linux kernel module with fix candidates.
// The source, in gpl, runs inside a kernel and has a licence of its own, GPL-2.0.
// This package only passes the text to a compiler.
package module

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
)

//go:embed gpl/README gpl/gpstorm.c gpl/whole.c gpl/Makefile gpl/LICENSE
var files embed.FS

// Whole is the file to compile for a module without kbuild.
const Whole = "whole.c"

// Candidate is a candidate that the module can add to a kernel.
type Candidate struct {
	Name  string
	About string
	// Broken: the candidate does not wait for readers, to show that the check of
	// readers detects this.
	Broken bool
}

// Candidates are the candidates of the module.
var Candidates = []Candidate{
	{"membarrier", "both SRCU-fast domains: an interrupt on every CPU instead of an RCU grace period in each scan", false},
	{"membarrier-tp", "the same for tracepoint_srcu alone", false},
	{"expedited", "an expedited RCU grace period in every scan", false},
	{"poll", "a scan polls a cookie of RCU from its requeued work, each jiffy", false},
	{"poll-full", "as poll, with the full cookie, which misses no grace period", false},
	{"poll-slowly", "poll with the delays of the state machine, 1 to 10 jiffies", false},
	{"callrcu", "a scan goes on from a callback of RCU; an expedited one polls each jiffy", false},
	{"cookie", "a teardown waits for the grace period of tracepoint_srcu that unregistering started", false},
	{"startfirst", "a teardown starts the grace period of tracepoint_srcu, waits for Tasks-Trace, then polls", false},
	{"overlap", "a teardown posts a callback to tracepoint_srcu, waits for Tasks-Trace, then for the callback", false},
	{"broken-wait", "a teardown does not wait for tracepoint_srcu", true},
	{"broken-scan", "a scan sees no reader", true},
}

// Files returns the files of the source.
func Files() fs.FS {
	sub, err := fs.Sub(files, "gpl")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// Hash identifies this version of the code.
func Hash() string {
	h := sha256.New()
	for _, name := range []string{Whole, "gpstorm.c"} {
		b, err := fs.ReadFile(Files(), name)
		if err != nil {
			panic(err) // the file is embedded
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(b), b)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
