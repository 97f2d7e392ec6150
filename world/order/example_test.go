package order_test

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// A barrier is a function. The explorer shows in which modes it fails.
func Example_barrier() {
	twice := fixes.Fix{
		Name: "two-fences",
		Barrier: func() srcu.Barrier {
			return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
				s.Fence()
				s.Fence()
				return true
			})
		},
	}
	for _, mode := range order.Modes() {
		found, _, err := order.Explore(context.Background(), order.For(twice, 1, 1, mode), order.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		if found == nil {
			fmt.Println(mode, "clean")
			continue
		}
		fmt.Println(mode, order.Minimise(context.Background(), found).Violation.Kind)
	}
	// Output:
	// sc clean
	// tso use-after-free
	// pso use-after-free
	// weak use-after-free
}

// A reader flavour is a short program.
func Example_reader() {
	lazy := order.Reader{Name: "late-lock", Section: func(s *order.Section) {
		ptr := s.Load(s.Hook()) // before the lock: a bug
		idx := s.Load(s.Current())
		s.Add(s.Lock(idx))
		s.Fence()
		s.Deref(ptr)
		s.Fence()
		s.Add(s.Unlock(idx))
	}}
	c := order.For(fixes.Fix{Barrier: fixes.Membarrier}, 1, 1, order.SC)
	c.Readers = order.Same(lazy, 1)
	found, _, err := order.Explore(context.Background(), c, order.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.Minimise(context.Background(), found).Violation)
	// Output:
	// use-after-free: a reader uses the object after it was freed
}
