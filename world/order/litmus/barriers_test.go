package litmus_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// TestBarriersOfAtomicsAndLocks places code between the store and the load of a thread of
// the store-buffering test. The model and the memory agree on whether it is a full
// barrier: smp_mb__before_atomic() and the rest of its kind are none without their
// operation.
func TestBarriersOfAtomicsAndLocks(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]litmus.Answer{
		"smp_mb__before_atomic(); atomic_set(z, 1);":                                                       litmus.Sometimes,
		"smp_mb__before_atomic(); atomic_inc(z);":                                                          litmus.Never,
		"smp_mb__before_atomic(); r1 = atomic_cmpxchg_acquire(z, 5, 1);":                                   litmus.Never,
		"smp_mb__after_atomic(); r1 = atomic_inc_return_relaxed(z);":                                       litmus.Sometimes,
		"r1 = atomic_cmpxchg_relaxed(z, 5, 1); smp_mb__after_atomic();":                                    litmus.Never,
		"smp_mb__after_spinlock();":                                                                        litmus.Sometimes,
		"spin_lock(l); smp_mb__after_spinlock(); spin_unlock(l);":                                          litmus.Never,
		"spin_lock(l); smp_mb__after_unlock_lock(); spin_unlock(l);":                                       litmus.Sometimes,
		"spin_lock(l); spin_unlock(l); spin_lock(l); smp_mb__after_unlock_lock(); spin_unlock(l);":         litmus.Never,
		"r1 = srcu_read_lock(s); smp_mb__after_srcu_read_unlock(); srcu_read_unlock(s, r1);":               litmus.Sometimes,
		"r1 = srcu_read_lock(s); srcu_read_unlock(s, r1); smp_mb__after_srcu_read_unlock();":               litmus.Never,
		"r1 = srcu_read_lock(s); srcu_read_unlock(s, r1);":                                                 litmus.Sometimes,
		"r1 = xchg_release(z, 1);":                                                                         litmus.Sometimes,
		"r1 = atomic_sub_and_test(1, z);":                                                                  litmus.Never,
		"r1 = atomic_cmpxchg(z, 5, 1);":                                                                    litmus.Sometimes,
		"if (READ_ONCE(*z) == 0) { smp_mb(); } else { barrier(); synchronize_rcu_expedited(); }":           litmus.Never,
		"if (READ_ONCE(*z) == 0) { smp_mb__before_atomic(); } else { smp_mb(); } r1 = xchg_relaxed(z, 1);": litmus.Never,
	} {
		x, err := litmus.Parse(`C sb
{}
P0(int *x, int *y, atomic_t *z, spinlock_t *l, struct srcu_struct *s)
{
	int r0; int r1;
	WRITE_ONCE(*x, 1);
	` + code + `
	r0 = READ_ONCE(*y);
}
P1(int *x, int *y)
{
	int r0;
	WRITE_ONCE(*y, 1);
	smp_mb();
	r0 = READ_ONCE(*x);
}
exists (0:r0=0 /\ 1:r0=0)`)
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Judge(t.Context(), litmus.DefaultBounds); got.Answer != want {
			t.Errorf("%s: model %s %s, want %s", code, got.Answer, got.Why, want)
		}
		if got := x.Operate(t.Context(), order.Weak, 100_000); got.Answer != want {
			t.Errorf("%s: memory %s %s, want %s", code, got.Answer, got.Why, want)
		}
	}
}
