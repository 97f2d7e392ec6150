package fixes

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name  string
		err   string // a part of the error; empty if the name is valid
		loses string
	}{
		{name: "callrcu"},
		{name: "callrcu+overlap"},
		{name: "overlap+callrcu"},
		{name: "throttle+cookie+poll", loses: "samples above the budget"},
		{name: "fullbarrier+membarrier", loses: "an RCU grace period inside each of tracepoint_srcu, and cheap tracepoints; an RCU grace period inside each of both SRCU-fast domains"},
		{name: "revert+poll", loses: "preemptible BPF on tracepoints"},
		{name: "callrcu+poll", err: `fix: callrcu+poll: want candidates that change different things; callrcu and poll both change how a scan is ordered`},
		{name: "overlap+asyncfree", err: "both change how close() waits"},
		{name: "v6.19+callrcu", err: "leaves no SRCU domain"},
		{name: "v7.3+callrcu-expedited"},
		{name: "v7.0+v7.3", err: "both change the kernel"},
		{name: "membarrier-tp+callrcu", loses: "an RCU grace period inside each of tracepoint_srcu"},
		{name: "v6.19+membarrier-tp", err: "leaves no SRCU domain"},
		{name: "fullbarrier+membarrier-tp", err: `fix: fullbarrier+membarrier-tp: want candidates that go together; one orders the scans of tracepoint_srcu, the other leaves no SRCU-fast readers`},
		{name: "membarrier-tp+atomic", err: "leaves no SRCU-fast readers"},
		{name: "revert+membarrier-tp", err: "leaves no SRCU-fast readers"},
		{name: "baseline+poll", err: `fix: baseline+poll: want candidates that are not controls; baseline is one`},
		{name: "nosuch", err: `fix: nosuch: want a candidate: baseline, v6.19, v7.0, `},
		{name: "calrcu", err: `fix: calrcu: want a candidate; did you mean callrcu?`},
		{name: "callrcu+overlpa", err: `fix: overlpa: want a candidate; did you mean overlap?`},
		{name: "callrcu+overlap+poll", err: `fix: callrcu+overlap+poll: want candidates that change different things; callrcu+overlap and poll both change`},
		{name: "callrcu+", err: `fix: "": want a candidate: baseline`},
		{name: "", err: `fix: "": want a candidate: baseline`},
	}
	for _, tt := range tests {
		f, err := Find(tt.name)
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want one with %q", tt.name, err, tt.err)
			}
		case err != nil:
			t.Errorf("%q: %v", tt.name, err)
		case f.Name != tt.name || tt.loses != "" && f.Loses != tt.loses:
			t.Errorf("%q: named %q, loses %q", tt.name, f.Name, f.Loses)
		}
		if err != nil {
			continue
		}
		for part := range strings.SplitSeq(tt.name, Separator) {
			if p, _ := Find(part); !strings.Contains(f.Source, p.Source) {
				t.Errorf("%q: source %q lacks that of %s, %q", tt.name, f.Source, part, p.Source)
			}
		}
	}
}

func TestEveryCandidateIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range All() {
		if f.Name == "" || f.Claim == "" || f.Source == "" || strings.Contains(f.Claim, "\n") {
			t.Errorf("%+v lacks a name, a one-line claim or a source", f)
		}
		if seen[f.Name] || strings.Contains(f.Name, Separator) {
			t.Errorf("name %q is taken or has a separator in it", f.Name)
		}
		seen[f.Name] = true
	}
}
