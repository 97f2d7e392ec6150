package fixes

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name  string
		err   string // a part of it; empty if the name is good
		loses string
	}{
		{name: "callrcu"},
		{name: "callrcu+overlap"},
		{name: "overlap+callrcu"},
		{name: "throttle+cookie+poll", loses: "samples above the budget"},
		{name: "fullbarrier+membarrier", loses: "an RCU grace period inside each of tracepoint_srcu, and cheap tracepoints; an RCU grace period inside each of both SRCU-fast domains"},
		{name: "revert+poll", loses: "preemptible BPF on tracepoints"},
		{name: "callrcu+poll", err: `fix "callrcu+poll": both callrcu and poll change how a scan is ordered`},
		{name: "overlap+asyncfree", err: "change how close() waits"},
		{name: "v6.19+callrcu", err: "leaves no SRCU domain"},
		{name: "baseline+poll", err: "a control is not combined"},
		{name: "nosuch", err: `fix "nosuch": want one of baseline, v6.19`},
		{name: "callrcu+", err: `fix ""`},
		{name: "", err: `fix ""`},
	}
	for _, tt := range tests {
		f, err := Parse(tt.name)
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
