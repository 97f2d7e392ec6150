package litmus_test

import (
	"context"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

const stateBound = 20_000

// contradiction describes how the explorer's memory is weaker than the model, or a
// mode weaker than the next weaker one. It returns "" if neither is so.
func contradiction(ctx context.Context, t *litmus.Test) string {
	model := t.Judge(ctx, litmus.DefaultBounds)
	if model.Answer == litmus.Bounded {
		return ""
	}
	weaker := model
	for _, m := range []order.Mode{order.Weak, order.PSO, order.TSO, order.SC} {
		got := t.Operate(ctx, m, stateBound)
		if got.Answer == litmus.Bounded {
			return ""
		}
		if happens(got) && !happens(weaker) || fails(got) && !fails(weaker) {
			return m.String() + " says " + string(got.Answer) + " where the weaker says " + string(weaker.Answer)
		}
		weaker = got
	}
	return ""
}

// happens and fails report whether the condition holds in some execution, and whether
// it does not in some.
func happens(j litmus.Judgement) bool { return j.Answer != litmus.Never }
func fails(j litmus.Judgement) bool   { return j.Answer != litmus.Always && !j.Empty }

// TestMemoryIsNeverWeakerThanTheModel compares the explorer's memory with the axioms,
// an independent implementation, on generated tests. It must allow no more.
func TestMemoryIsNeverWeakerThanTheModel(t *testing.T) {
	t.Parallel()
	r := seed.Stream(1, "litmus")
	same, n := 0, 400
	if testing.Short() {
		n = 60
	}
	for range n {
		b := make([]byte, 60)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		src := litmus.FromBytes(b)
		x, err := litmus.Parse(src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		if bad := contradiction(t.Context(), x); bad != "" {
			t.Fatalf("%s\n%s", bad, src)
		}
		if x.Judge(t.Context(), litmus.DefaultBounds).Answer == x.Operate(t.Context(), order.Weak, stateBound).Answer {
			same++
		}
	}
	t.Logf("%d of %d answers are the same", same, n)
	if same < n*9/10 {
		t.Errorf("the answers agree on %d of %d tests only", same, n)
	}
}
