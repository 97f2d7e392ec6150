package litmus_test

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// TestFlags: the model's warnings have its names.
func TestFlags(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"int i = srcu_read_lock(s); rcu_read_lock(); rcu_read_unlock(); srcu_read_unlock(s, i);":                "",
		"int i = srcu_read_lock(s); srcu_read_unlock(s, i); int j = srcu_read_lock(s); srcu_read_unlock(s, j);": "",
		"rcu_read_lock();":                                         "unmatched-rcu-lock",
		"rcu_read_unlock();":                                       "unmatched-rcu-unlock",
		"if (READ_ONCE(*y)) rcu_read_lock();":                      "unmatched-rcu-lock",
		"rcu_read_lock(); synchronize_srcu(s); rcu_read_unlock();": "invalid-sleep",
		"rcu_read_lock(); rcu_read_unlock(); synchronize_srcu(s); rcu_read_lock(); rcu_read_unlock();": "",
		"int i = srcu_read_lock(s);": "unmatched-srcu-lock",
		"srcu_read_unlock(s, 0);":    "unmatched-srcu-unlock",
		"int i = srcu_read_lock(s); srcu_read_unlock(s, i); srcu_read_unlock(s, i);":                                "multiple-srcu-matches",
		"int i = srcu_read_lock(s); srcu_read_unlock(s, i + 1);":                                                    "srcu-bad-value-match",
		"int i = srcu_read_lock(s); srcu_read_unlock(u, i);":                                                        "unmatched-srcu-lock unmatched-srcu-unlock",
		"int i = srcu_read_lock(s); WRITE_ONCE(*z, i); int j = READ_ONCE(*z); srcu_read_unlock(s, j);":              "",
		"int i = srcu_read_lock(s); WRITE_ONCE(*z, i); srcu_read_unlock(s, i); srcu_read_unlock(s, READ_ONCE(*z));": "multiple-srcu-matches",
		"spin_unlock(l);": "unmatched-unlock",
		"spin_lock(l); spin_unlock(l); int r = spin_is_locked(l);":                  "",
		"int r = atomic_read(l); spin_lock(l);":                                     "mixed-lock-accesses",
		"int r = READ_ONCE(*s); int i = srcu_read_lock(s); srcu_read_unlock(s, i);": "mixed-lock-accesses",
		"*z = 1; WRITE_ONCE(*z, 2);":                                                "mixed-accesses",
		"WRITE_ONCE(*z, 2); *z = 1;":                                                "mixed-accesses",
		"*z = 1; barrier(); WRITE_ONCE(*z, 2);":                                     "",
		"*z = 1; smp_store_release(z, 2);":                                          "",
		"int r = *z; WRITE_ONCE(*z, 2);":                                            "",
		"*y = 1;":                                                                   "data-race",
	} {
		src := "C flags\n{}\nP0(int *x, int *y, int *z, spinlock_t *l, struct srcu_struct *s, struct srcu_struct *u)\n{\n\t" +
			code + "\n}\nP1(int *x, int *y)\n{\n\tWRITE_ONCE(*y, 1);\n}\nexists (x=1)\n"
		got := judgeSource(t, src, litmus.Bounds{})
		if flags := strings.Join(got.Flags, " "); flags != want || got.Answer != litmus.Never || got.Empty || len(got.Open) > 0 {
			t.Errorf("%s: %s, %q, empty %v, open %v: want Never, %q", code, got.Answer, flags, got.Empty, got.Open, want)
		}
	}
	if got := judgeSource(t, "C final\n{}\nP0(spinlock_t *l)\n{\n\tspin_lock(l);\n}\nexists (l=1)\n", litmus.Bounds{}); strings.Join(got.Flags, " ") != "lock-final" {
		t.Errorf("%v: want lock-final", got.Flags)
	}
}

// TestFlagsOfForbiddenExecutionsDoNotCount: only an allowed execution has warnings.
func TestFlagsOfForbiddenExecutionsDoNotCount(t *testing.T) {
	t.Parallel()
	const src = `C never-sleeps
{}
P0(int *x, int *y, struct srcu_struct *s)
{
	int r0 = READ_ONCE(*y);
	smp_rmb();
	int r1 = READ_ONCE(*x);
	if (r0 == 1 && r1 == 0) {
		rcu_read_lock();
		synchronize_srcu(s);
		rcu_read_unlock();
	}
}
P1(int *x, int *y)
{
	WRITE_ONCE(*x, 1);
	smp_wmb();
	WRITE_ONCE(*y, 1);
}
exists (x=1)`
	if got := judgeSource(t, src, litmus.Bounds{}); len(got.Flags) > 0 {
		t.Errorf("%v: want none", got.Flags)
	}
}

// TestTestsWithoutAnyExecution: a test without executions is Never, and says so.
func TestTestsWithoutAnyExecution(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		"P0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nfilter (x=2)\nexists (x=1)":                                               true,
		"P0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nfilter (x=1)\nexists (x=2)":                                               false,
		"P0(spinlock_t *l)\n{\n\tspin_lock(l);\n\tspin_lock(l);\n}\nexists (l=1)":                                          true,
		"P0()\n{\n\trcu_read_lock();\n\tsynchronize_rcu();\n\trcu_read_unlock();\n}\nforall (true)":                        true,
		"P0(struct srcu_struct *s)\n{\n\tint i = srcu_read_lock(s);\n\tsynchronize_srcu(s);\n\tsrcu_read_unlock(s, i);\n}": true,
		"P0(int *x)\n{\n\tint *p;\n\tint r0 = READ_ONCE(*p);\n}\nexists (0:r0=0)":                                          true,
	} {
		x, err := litmus.Parse("C empty\n{}\n" + body + "\n")
		if err != nil {
			t.Fatal(err)
		}
		got, memory := x.Judge(t.Context(), litmus.DefaultBounds), x.Operate(t.Context(), order.Weak, 1000)
		if got.Empty != want || memory.Empty != want || want && got.Answer != litmus.Never {
			t.Errorf("%s: %s, empty %v, in the memory %v: want %v", body, got.Answer, got.Empty, memory.Empty, want)
		}
	}
}
