package srcu_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/srcu"
)

var ctx = context.Background()

// Readers enter a section, use the value, and leave. An updater replaces the value,
// waits until no reader can hold the old one, and closes it.
func ExampleDomain() {
	type file struct{ open bool }
	var domain = srcu.NewDomain(srcu.Config{})
	var current srcu.Pointer[file]
	current.Publish(&file{open: true})

	read := func() {
		ticket := domain.ReadLock()
		defer domain.ReadUnlock(ticket)
		fmt.Println("open:", current.Load().open)
	}
	read()

	old := current.Publish(&file{open: true})
	if err := domain.Synchronize(ctx); err != nil {
		log.Fatal(err) // only if ctx ends: a reader may still hold old
	}
	old.open = false
	read()
	// Output:
	// open: true
	// open: true
}

// A goroutine that reads often registers once; its sections then cost two plain
// increments.
func ExampleReader() {
	domain := srcu.NewDomain(srcu.Config{})
	var limit srcu.Pointer[int]
	first := 1000
	limit.Publish(&first)

	r := domain.Reader()
	defer r.Close()
	passed := 0
	for i := range 3000 {
		ticket := r.ReadLock()
		if i < *limit.Load() {
			passed++
		}
		r.ReadUnlock(ticket)
	}
	fmt.Println(passed)
	// Output: 1000
}

// Call returns before the grace period ends. Close waits for all callbacks.
func ExampleDomain_Call() {
	domain := srcu.NewDomain(srcu.Config{MaxPending: 100})
	for _, name := range []string{"first", "second"} {
		if err := domain.Call(ctx, func() { fmt.Println("freed", name) }); err != nil {
			log.Fatal(err)
		}
	}
	if err := domain.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("closed:", domain.Call(ctx, func() {}))
	// Output:
	// freed first
	// freed second
	// closed: srcu: domain is closed
}

// A long grace period is reported with the sections that delay it.
func ExampleConfig_stall() {
	stalled := make(chan srcu.Stall, 1)
	domain := srcu.NewDomain(srcu.Config{
		StallAfter: time.Millisecond,
		OnStall: func(s srcu.Stall) {
			select {
			case stalled <- s:
			default: // one report is enough
			}
		},
	})
	r := domain.Reader()
	defer r.Close()
	ticket := r.ReadLock()
	domain.StartPoll()
	s := <-stalled
	fmt.Println(s.Phase, s.Sections, len(s.Holders))
	r.ReadUnlock(ticket)
	// Output: scan2 1 1
}

func ExampleDomain_Metrics() {
	domain := srcu.NewDomain(srcu.Config{})
	expvar.Publish("config_domain", expvar.Func(func() any { return domain.Metrics() }))

	if err := domain.Synchronize(ctx); err != nil {
		log.Fatal(err)
	}
	var m srcu.Metrics
	if err := json.Unmarshal([]byte(expvar.Get("config_domain").String()), &m); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.GracePeriods, m.Pending)
	// Output: 1 0
}

// A configuration that is read often and replaced rarely. The old one holds a
// resource that must be released, but not while readers use it.
func ExamplePointer() {
	type config struct {
		name string
		open bool // stands for a file, a mapping or a connection
	}
	domain := srcu.NewDomain(srcu.Config{})

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
	if err := current.Replace(ctx, domain, &config{name: "second", open: true}, release); err != nil {
		log.Fatal(err)
	}
	if err := domain.Barrier(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(read())
	// Output:
	// first open:true
	// released first
	// second open:true
}

// A tracepoint's list of probes: code at the tracepoint calls all of them;
// registering and unregistering copy the list.
func ExamplePointer_Update() {
	type probes []func(event string)
	domain := srcu.NewDomain(srcu.Config{})

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
		err := list.Update(ctx, domain, func(old *probes) *probes {
			var l probes
			if old != nil {
				l = slices.Clone(*old)
			}
			l = append(l, probe)
			return &l
		}, func(*probes) {})
		if err != nil {
			log.Fatal(err)
		}
	}

	reader := domain.Reader()
	defer reader.Close()
	add(func(event string) { fmt.Println("count", event) })
	add(func(event string) { fmt.Println("trace", event) })
	hit(reader, "sched_switch")

	// Unregister, and free only after the last possible call of a probe.
	list.Publish(nil)
	if err := domain.Synchronize(ctx); err != nil {
		log.Fatal(err)
	}
	hit(reader, "not seen")
	// Output:
	// count sched_switch
	// trace sched_switch
}

// Buffers of readers are reused, without garbage and without a callback for each.
func ExamplePool() {
	domain := srcu.NewDomain(srcu.Config{})
	pool := srcu.NewPool(domain, func() *[]byte { b := make([]byte, 0, 1024); return &b })

	var current srcu.Pointer[[]byte]
	publish := func(text string) {
		next := pool.Get()
		*next = append((*next)[:0], text...)
		if err := pool.Put(ctx, current.Publish(next)); err != nil {
			log.Fatal(err)
		}
	}
	publish("first")
	publish("second")

	ticket := domain.ReadLock()
	fmt.Println(string(*current.Load()))
	domain.ReadUnlock(ticket)
	// Output: second
}

// Sessions are found by their name, and closed when nobody can use them any more.
func ExampleMap() {
	type session struct{ user string }
	domain := srcu.NewDomain(srcu.Config{})
	sessions := srcu.NewMap[string](domain, func(s *session) { fmt.Println("closed", s.user) })
	for key, user := range map[string]string{"a": "ann", "b": "bob"} {
		if err := sessions.Store(ctx, key, &session{user}); err != nil {
			log.Fatal(err)
		}
	}

	ticket := domain.ReadLock()
	s := sessions.Load("a")
	if err := sessions.Delete(ctx, "a"); err != nil { // by anybody
		log.Fatal(err)
	}
	fmt.Println("in use", s.user)
	domain.ReadUnlock(ticket)

	if err := domain.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("left", sessions.Len())
	// Output:
	// in use ann
	// closed ann
	// left 1
}

func ExampleList() {
	type hook struct{ name string }
	domain := srcu.NewDomain(srcu.Config{})
	hooks := srcu.NewList(domain, func(h *hook) { fmt.Println("unloaded", h.name) })
	logs := hooks.PushBack(&hook{"log"})
	hooks.PushBack(&hook{"count"})

	run := func() {
		ticket := domain.ReadLock()
		defer domain.ReadUnlock(ticket)
		for h := range hooks.All() {
			fmt.Println("run", h.name)
		}
	}
	run()
	if err := hooks.Remove(ctx, logs); err != nil {
		log.Fatal(err)
	}
	run()
	if err := domain.Close(ctx); err != nil {
		log.Fatal(err)
	}
	// Unordered output:
	// run log
	// run count
	// run count
	// unloaded log
}
