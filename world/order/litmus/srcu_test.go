package litmus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// TestSRCULocksAreLoadsAndUnlocksAreStores: a lock loads the domain and an unlock stores
// to it, so barriers and dependencies order other accesses through them.
func TestSRCULocksAreLoadsAndUnlocksAreStores(t *testing.T) {
	t.Parallel()
	const lb = "int r0 = READ_ONCE(*x); %s WRITE_ONCE(*y, 1);"
	for code, want := range map[string]litmus.Answer{
		"smp_rmb(); int i = srcu_read_lock(s); srcu_read_unlock(s, i); smp_wmb();":            litmus.Never,
		"smp_rmb(); int i = srcu_down_read(s); srcu_up_read(s, i); smp_wmb();":                litmus.Never,
		"smp_rmb(); int i = srcu_read_lock(s); if (i) { } ":                                   litmus.Sometimes,
		"smp_rmb(); int i = srcu_read_lock(s); smp_wmb();":                                    litmus.Sometimes,
		"smp_wmb(); int i = srcu_read_lock(s); srcu_read_unlock(s, i); smp_rmb();":            litmus.Sometimes,
		"int i = srcu_read_lock(s); srcu_read_unlock(s, i);":                                  litmus.Sometimes,
		"srcu_read_unlock(s, r0); smp_wmb();":                                                 litmus.Never,
		"if (r0) { srcu_read_unlock(s, 0); } smp_wmb();":                                      litmus.Never,
		"smp_rmb(); int i = srcu_read_lock(s); if (i == 0) { WRITE_ONCE(*z, 1); } smp_wmb();": litmus.Never,
		"smp_rmb(); int i = srcu_read_lock(s); WRITE_ONCE(*z, i); smp_wmb();":                 litmus.Never,
		"smp_store_release(z, 1); int i = srcu_read_lock(s); srcu_read_unlock(s, i); ":        litmus.Sometimes,
		"int i = srcu_read_lock(s); smp_store_release(z, 1); smp_wmb(); ":                     litmus.Never,
	} {
		src := fmt.Sprintf("C lb\n{}\nP0(int *x, int *y, int *z, struct srcu_struct *s)\n{\n\t"+lb+"\n}\n"+
			"P1(int *x, int *y)\n{\n\tint r0 = READ_ONCE(*y);\n\tsmp_mb();\n\tWRITE_ONCE(*x, 1);\n}\n"+
			"exists (0:r0=1 /\\ 1:r0=1)\n", strings.TrimSuffix(code, ";")+";")
		both(t, code, src, want)
	}
}

// TestSRCUSectionsFollowTheirIndex: the value of a lock, passed through registers or
// memory, says which unlock ends its section.
func TestSRCUSectionsFollowTheirIndex(t *testing.T) {
	t.Parallel()
	const load = "int r0 = READ_ONCE(*x); "
	const late = " int r1 = READ_ONCE(*y);"
	for code, want := range map[string]litmus.Answer{
		"int i = srcu_read_lock(s); " + load + late + " srcu_read_unlock(s, i);":                                                        litmus.Never,
		late + "int i = srcu_read_lock(s); " + load + "srcu_read_unlock(s, i);":                                                         litmus.Sometimes,
		"int i = srcu_read_lock(s); int j = srcu_read_lock(s); " + load + "srcu_read_unlock(s, i);" + late + "srcu_read_unlock(s, j);":  litmus.Never,
		"int i = srcu_read_lock(s); srcu_read_unlock(s, i); " + late + load + "srcu_read_unlock(s, i);":                                 litmus.Never,
		"srcu_read_unlock(s, 0); int i = srcu_read_lock(s); " + late + load + "srcu_read_unlock(s, i);":                                 litmus.Never,
		"int i = srcu_read_lock(s); " + late + load + "srcu_read_unlock(s, 0);":                                                         litmus.Sometimes,
		"int i = srcu_read_lock(s); WRITE_ONCE(*z, i); " + late + load + "int j = READ_ONCE(*z); srcu_read_unlock(s, j);":               litmus.Never,
		"int i = srcu_read_lock(s);" + late + " int j = srcu_read_lock(s); srcu_read_unlock(s, i); " + load + "srcu_read_unlock(s, j);": litmus.Sometimes,
	} {
		src := "C mp\n{}\nP0(int *x, int *y, int *z, struct srcu_struct *s)\n{\n\t" + code + "\n}\n" +
			"P1(int *x, int *y, struct srcu_struct *s)\n{\n\tWRITE_ONCE(*y, 1);\n\tsynchronize_srcu(s);\n\tWRITE_ONCE(*x, 1);\n}\n" +
			"exists (0:r0=1 /\\ 0:r1=0)\n"
		model, memory := answers(t, src)
		// A section without a matching unlock never ends in the memory, which may forbid more.
		if model != want || memory != want && memory != litmus.Never {
			t.Errorf("%s: model %s, memory %s, want %s", code, model, memory, want)
		}
	}
}

// TestUnlocksWithoutALockEndNothing: an unmatched rcu_read_unlock() does not take the place
// of the next section's.
func TestUnlocksWithoutALockEndNothing(t *testing.T) {
	t.Parallel()
	both(t, "unmatched", `C unmatched
{}
P0(int *x, int *y)
{
	rcu_read_unlock();
	rcu_read_lock();
	int r1 = READ_ONCE(*y);
	int r0 = READ_ONCE(*x);
	rcu_read_unlock();
}
P1(int *x, int *y)
{
	WRITE_ONCE(*y, 1);
	synchronize_rcu();
	WRITE_ONCE(*x, 1);
}
exists (0:r0=1 /\ 0:r1=0)`, litmus.Never)
}

// TestSRCUSectionOfTwoThreads: srcu_down_read() in one thread and srcu_up_read() in
// another, with the index passed through memory, are one section.
func TestSRCUSectionOfTwoThreads(t *testing.T) {
	t.Parallel()
	both(t, "down and up", `C down-up
{ s=5; }
P0(int *y, struct srcu_struct *s, int *idx)
{
	int r3 = srcu_down_read(s);
	WRITE_ONCE(*idx, r3);
	int r2 = READ_ONCE(*y);
}
P1(int *x, struct srcu_struct *s, int *idx)
{
	int r1 = READ_ONCE(*x);
	int r3 = READ_ONCE(*idx);
	srcu_up_read(s, r3);
}
P2(int *x, int *y, struct srcu_struct *s)
{
	WRITE_ONCE(*y, 1);
	synchronize_srcu(s);
	WRITE_ONCE(*x, 1);
}
exists (1:r1=1 /\ 1:r3=5 /\ 0:r2=0)`, litmus.Never)
}

// TestSRCUDomainHoldsTheIndex: a lock reads what any unlock stored, or the initial value.
func TestSRCUDomainHoldsTheIndex(t *testing.T) {
	t.Parallel()
	const test = `C index
{ s=1; %s}
P0(struct srcu_struct *s, struct srcu_struct **p)
{
	struct srcu_struct *q = READ_ONCE(*p);
	int i = srcu_read_lock(%s);
	srcu_read_unlock(%s, i + 1);
	int j = srcu_read_lock(s);
	srcu_read_unlock(s, j);
}
P1(struct srcu_struct *s)
{
	int i = srcu_read_lock(s);
	srcu_read_unlock(s, i);
}
`
	for cond, want := range map[string]litmus.Answer{
		`exists (0:i=1 /\ 0:j=2 /\ 1:i=2)`: litmus.Sometimes,
		`exists (0:i=1 /\ 0:j=2 /\ 1:i=1)`: litmus.Sometimes,
		`exists (0:j=2 /\ s=2)`:            litmus.Sometimes,
		`exists (0:i=2)`:                   litmus.Never,
		`exists (1:i=3)`:                   litmus.Never,
	} {
		both(t, cond, fmt.Sprintf(test, "", "s", "s")+cond, want)
		both(t, "through a pointer, "+cond, fmt.Sprintf(test, "p=s; ", "q", "q")+cond, want)
	}
}

// TestManySRCUSections: the order of the accesses to a domain is no list of all orders,
// so a ring of many sections is decided.
func TestManySRCUSections(t *testing.T) {
	t.Parallel()
	for _, threads := range []string{"rrrrrrrg", "rrrggg", "ggrrrrr"} {
		src := strings.NewReplacer(
			"rcu_read_lock();", "int i = srcu_read_lock(s);", "rcu_read_unlock();", "srcu_read_unlock(s, i);",
			"synchronize_rcu();", "synchronize_srcu(s);", "(int *", "(struct srcu_struct *s, int *",
		).Replace(ring(threads, false))
		both(t, threads, src, ringAnswer(threads))
	}
}

func answers(t *testing.T, src string) (model, memory litmus.Answer) {
	t.Helper()
	x, err := litmus.Parse(src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return x.Judge(t.Context(), litmus.DefaultBounds).Answer, x.Operate(t.Context(), order.Weak, 500_000).Answer
}

func both(t *testing.T, name, src string, want litmus.Answer) {
	t.Helper()
	if model, memory := answers(t, src); model != want || memory != want {
		t.Errorf("%s: model %s, memory %s, want %s", name, model, memory, want)
	}
}
