package srcu_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/gpstorm/gpstorm/srcu"
)

// A configuration that is read all the time and replaced now and then. The old
// one holds a resource that must be released, but not under a reader.
func ExamplePointer() {
	type config struct {
		name string
		open bool // stands for a file, a mapping, a buffer from a pool
	}
	domain := srcu.NewDomain(srcu.Config{})
	defer domain.Close()

	var current srcu.Pointer[config]
	current.Publish(&config{name: "first", open: true})

	read := func() string {
		ticket := domain.ReadLock()
		defer domain.ReadUnlock(ticket)
		c := current.Load()
		return fmt.Sprint(c.name, " open:", c.open)
	}
	fmt.Println(read())

	release := func(old *config) {
		old.open = false
		fmt.Println("released", old.name)
	}
	if err := current.Replace(domain, &config{name: "second", open: true}, release); err != nil {
		fmt.Println(err)
	}
	domain.Barrier()
	fmt.Println(read())
	// Output:
	// first open:true
	// released first
	// second open:true
}

// A tracepoint's list of probes: whoever hits the tracepoint calls them all;
// registering and unregistering copy the list.
func ExamplePointer_Update() {
	type probes []func(event string)
	domain := srcu.NewDomain(srcu.Config{})
	defer domain.Close()

	var list srcu.Pointer[probes]
	hit := func(r *srcu.Reader, event string) {
		ticket := r.ReadLock()
		if l := list.Load(); l != nil {
			for _, probe := range *l {
				probe(event)
			}
		}
		r.ReadUnlock(ticket)
	}
	add := func(probe func(string)) {
		_ = list.Update(domain, func(old *probes) *probes {
			var l probes
			if old != nil {
				l = slices.Clone(*old)
			}
			l = append(l, probe)
			return &l
		}, func(*probes) {})
	}

	reader := domain.Reader()
	defer reader.Close()
	add(func(event string) { fmt.Println("count", event) })
	add(func(event string) { fmt.Println("trace", event) })
	hit(reader, "sched_switch")

	// Unregister, and free only what no probe call can use any more.
	list.Publish(nil)
	if err := domain.Synchronize(context.Background()); err != nil {
		fmt.Println(err)
	}
	hit(reader, "not seen")
	// Output:
	// count sched_switch
	// trace sched_switch
}
