package litmus_test

import (
	"fmt"
	"slices"
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
	if got.Answer != litmus.Sometimes || got.Race() || !slices.Equal(got.Open, []string{"data-race"}) || got.OpenWhy != "more than 20 candidate executions" {
		t.Errorf("%s, race %v, %q: want Sometimes and the bound of the search for races", got.Answer, got.Race(), got.OpenWhy)
	}
	if got = judgeSource(t, b.String(), litmus.Bounds{}); !got.Race() || got.OpenWhy != "" {
		t.Errorf("race %v, %q: want a race", got.Race(), got.OpenWhy)
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

// TestAdditionsCountOnce: an atomic addition adds once in an execution, so the values of
// a few additions are few.
func TestAdditionsCountOnce(t *testing.T) {
	t.Parallel()
	const src = `C adds
{}
P0(atomic_t *x, atomic_t *y)
{
	atomic_add(1, x);
	int r0 = atomic_add_return(1000, y);
}
P1(atomic_t *x, atomic_t *y)
{
	atomic_add(10, x);
	atomic_add(2000, y);
}
P2(atomic_t *x)
{
	int r0 = atomic_fetch_add(100, x);
}
`
	for cond, want := range map[string]litmus.Answer{
		"forall (x=111)":                litmus.Always,
		"exists (2:r0=11)":              litmus.Sometimes,
		"exists (2:r0=0)":               litmus.Sometimes,
		"exists (2:r0=2 \\/ 2:r0=100)":  litmus.Never,
		"exists (0:r0=3000 /\\ y=3000)": litmus.Sometimes,
		"exists (0:r0=1000 /\\ y=1000)": litmus.Never,
	} {
		if got := judgeSource(t, src+cond, litmus.Bounds{}); got.Answer != want {
			t.Errorf("%s: %s %s, want %s", cond, got.Answer, got.Why, want)
		}
	}
}

// TestAdditionsOfCopies: the origins of values do not exclude
// one that goes through another thread.
func TestAdditionsOfCopies(t *testing.T) {
	t.Parallel()
	const src = `C copies
{}
P0(atomic_t *x, int *y)
{
	atomic_add(1, x);
	int r0 = READ_ONCE(*y);
	atomic_add(r0, x);
}
P1(atomic_t *x, int *y)
{
	int r1 = atomic_read(x);
	WRITE_ONCE(*y, r1 + r1);
}
`
	for cond, want := range map[string]litmus.Answer{
		"exists (x=3)": litmus.Sometimes,
		"exists (x=1)": litmus.Sometimes,
		"exists (x=7)": litmus.Never,
	} {
		if got := judgeSource(t, src+cond, litmus.Bounds{}); got.Answer != want {
			t.Errorf("%s: %s %s, want %s", cond, got.Answer, got.Why, want)
		}
	}
}
