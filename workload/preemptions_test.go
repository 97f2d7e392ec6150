package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed returns the base scenario with the given list of preemptions.
func listed(list string) string {
	return strings.Replace(base, "machine: {", "machine: {preempt: listed, ", 1) + "preemptions:" + list + "\n"
}

func TestListedPreemptionsEncodeDecodeAndVaryToThemselves(t *testing.T) {
	t.Parallel()
	for _, list := range []string{" []", "\n- task: r\n  at: 3.2ms\n- task: r\n  at: 3.2ms"} {
		sc, err := Decode([]byte(listed(list)))
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(Encode(sc))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sc, again); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(sc.Preemptions, Vary(sc, 3, 1).Preemptions); d != "" {
			t.Errorf("a variation moves preemptions: %s", d)
		}
		if len(sc.Preemptions) > 0 {
			sc.clone().Preemptions[0].At = 0
			if sc.Preemptions[0].At == 0 {
				t.Error("a clone shares the preemptions")
			}
		}
	}
}

func TestListedPreemptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{listed("\n- task: nobody\n  at: 1s"), `preemptions[0].task: nobody: want the name of one of tasks that has reads`},
		{listed("\n- task: r\n  at: 2h"), "preemptions[0].at: "},
		{listed("\n- task: r\n  at: 2s\n- task: r\n  at: 1s"), "preemptions[1].at: 1s: want no earlier than the one before it (2s)"},
		{listed(strings.Repeat("\n- task: r\n  at: 1s", MaxPreemptions+1)), "preemptions: 257 entries: want at most 256"},
		{listed("\n- r"), "preemptions[0]: r: want fields, one per line"},
		{listed("\n- task: r\n  cpu: 1"), `preemptions[0]: cpu: want a field: task, at`},
		{base + "preemptions:\n- task: r\n  at: 1s\n", "preemptions: 1 entries: want nothing unless machine.preempt is listed"},
	} {
		_, err := Decode([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	sc, err := Decode([]byte(listed("\n- task: r\n  at: 1s")))
	if err != nil {
		t.Fatal(err)
	}
	sc.Tasks[0].Gap = 0
	if err := sc.Validate(); err == nil || !strings.Contains(err.Error(), "tasks[0].gap: 0s: want a gap where machine.preempt is listed") {
		t.Errorf("readers that are never outside of a section: %v", err)
	}
}
