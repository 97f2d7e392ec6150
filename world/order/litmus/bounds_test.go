package litmus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

func judgeSource(t *testing.T, src string, b litmus.Bounds) litmus.Judgement {
	t.Helper()
	x, err := litmus.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return x.Judge(t.Context(), b)
}

// TestLongThreadIsBounded: a thread of 63 events is judged, a longer one is not, even if
// only one of its branches is longer.
func TestLongThreadIsBounded(t *testing.T) {
	t.Parallel()
	const longer = "P0 has more than 63 events"
	for _, tt := range []struct {
		name, body string
		want       litmus.Answer
		why        string
	}{
		{"63 fences", strings.Repeat("smp_mb();", 63), litmus.Always, ""},
		{"64 fences", strings.Repeat("smp_mb();", 64), litmus.Bounded, longer},
		{"one branch", "r0 = READ_ONCE(*x); if (r0) {" + strings.Repeat("smp_mb();", 70) + "}", litmus.Bounded, longer},
	} {
		src := "C a\n{}\nP0(int *x)\n{\nint r0;\n" + tt.body + "\n}\nP1(int *x)\n{\nWRITE_ONCE(*x, 1);\n}\nexists (x=1)"
		if got := judgeSource(t, src, litmus.Bounds{}); got.Answer != tt.want || got.Why != tt.why {
			t.Errorf("%s: %s %q, want %s %q", tt.name, got.Answer, got.Why, tt.want, tt.why)
		}
	}
}

// TestCutSearchForRacesIsReported: the condition is soon decided, but the race is far
// behind the executions of the other threads.
func TestCutSearchForRacesIsReported(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("C late-race\n{}\n")
	for _, p := range []string{"P0", "P1", "P2"} {
		b.WriteString(p + "(int *a, int *b, int *c)\n{\n")
		for _, l := range []string{"a", "b", "c"} {
			b.WriteString("\tWRITE_ONCE(*" + l + ", 1" + p[1:] + ");\n")
		}
		b.WriteString("}\n")
	}
	b.WriteString("P3(int *f, int *z)\n{\n\tWRITE_ONCE(*f, 1);\n\t*z = 1;\n}\n")
	b.WriteString("P4(int *f, int *z)\n{\n\tint r0 = READ_ONCE(*f);\n\tif (r0)\n\t\t*z = 2;\n}\nexists (a=10)\n")
	got := judgeSource(t, b.String(), litmus.Bounds{Candidates: 20})
	if got.Answer != litmus.Sometimes || got.Race || got.RaceWhy != "more than 20 candidate executions" {
		t.Errorf("%s, race %v, %q: want Sometimes and the bound of the search for races", got.Answer, got.Race, got.RaceWhy)
	}
	if got = judgeSource(t, b.String(), litmus.Bounds{}); !got.Race || got.RaceWhy != "" {
		t.Errorf("race %v, %q: want a race", got.Race, got.RaceWhy)
	}
}

// TestManyWritersAreBoundedByWork: with many writers to one location every state has as
// many enabled steps, so that a search costs much more than its states say.
func TestManyWritersAreBoundedByWork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		writers int
		want    litmus.Answer
		why     string
	}{
		{6, litmus.Never, ""},
		{30, litmus.Bounded, "more work than the bound"},
	} {
		var b strings.Builder
		b.WriteString("C writers\n{}\n")
		for i := range tt.writers {
			fmt.Fprintf(&b, "P%d(int *x)\n{\n\tWRITE_ONCE(*x, %d);\n}\n", i, i+1)
		}
		b.WriteString("exists (x=0)\n")
		x, err := litmus.Parse(b.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Operate(t.Context(), order.Weak, 3000); got.Answer != tt.want || got.Why != tt.why {
			t.Errorf("%d writers: %s %q, want %s %q", tt.writers, got.Answer, got.Why, tt.want, tt.why)
		}
	}
}
