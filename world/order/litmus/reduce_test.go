package litmus

import (
	"fmt"
	"maps"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/world/order"
)

// outcomes collects the final states of the first path of each thread.
func (t *Test) outcomes(m order.Mode, whole bool, constant []bool) (out map[string]bool, complete bool, err error) {
	out = map[string]bool{}
	x := order.Search{
		Mode: m, Domains: 1 + max(1, len(t.locs)), States: 30_000, NoReduction: whole,
		Final: func(memory []order.Value, regs [][]order.Value) bool {
			out[fmt.Sprint(memory, regs)] = true
			return true
		},
	}
	c, ok := t.compile(constant)
	if !ok {
		return nil, false, nil
	}
	x.Memory = c.memory
	for _, ps := range c.paths {
		x.Programs = append(x.Programs, ps[0].prog)
	}
	complete, err = x.Run()
	return out, complete, err
}

// TestReductionKeepsOutcomes: on generated programs the search reaches the same final
// states with and without partial-order reduction and inert accesses.
func TestReductionKeepsOutcomes(t *testing.T) {
	t.Parallel()
	n := 150
	if testing.Short() {
		n = 40
	}
	r := seed.Stream(2, "litmus/reduction")
	compared, graceful := 0, 0
	for range n {
		b := make([]byte, 60)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		src := FromBytes(b)
		x, err := Parse(src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		for _, m := range []order.Mode{order.Weak, order.TSO} {
			whole, ok, err := x.outcomes(m, true, make([]bool, len(x.locs)))
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			less, ok, err := x.outcomes(m, false, x.constantDomains())
			if err != nil || !ok {
				t.Fatalf("reduced, more states than whole: %v\n%s", err, src)
			}
			if !maps.Equal(whole, less) {
				t.Fatalf("%s: %d final states, %d with reduction:\n%s", m, len(whole), len(less), src)
			}
			compared++
			for _, th := range x.threads {
				if len(th.body) > 0 && usesGrace(th.body) {
					graceful++
					break
				}
			}
		}
	}
	t.Logf("%d programs compared, %d of them with grace periods", compared, graceful)
	if graceful < compared/10 {
		t.Errorf("only %d of %d programs have grace periods", graceful, compared)
	}
}

func usesGrace(body []stmt) bool {
	for _, s := range body {
		if e, ok := s.(eval); ok {
			if c, ok := e.val.(call); ok && (c.prim.fence == fRCUSync || c.prim.kind == primSRCUSync) {
				return true
			}
		}
	}
	return false
}
