package rcu_test

import (
	"fmt"
	"sync/atomic"

	"github.com/gpstorm/gpstorm/rcu"
)

// Readers register. An updater replaces the value, waits for a grace period, and
// may then change the old value, which no reader can see.
func ExampleLive() {
	type value struct{ inUse bool }
	l := rcu.NewLive()
	var current atomic.Pointer[value]
	current.Store(&value{inUse: true})

	r := l.Reader()
	read := func() {
		r.ReadLock()
		fmt.Println(current.Load().inUse)
		r.ReadUnlock()
	}
	read()

	old := current.Swap(&value{inUse: true})
	l.Synchronize()
	old.inUse = false
	read()
	r.Close()
	// Output:
	// true
	// true
}

// A cookie names the end of a grace period; Done tests whether it has ended.
func ExampleLive_Start() {
	l := rcu.NewLive()
	r := l.Reader()
	r.ReadLock()
	cookie := l.Start()
	fmt.Println(l.Done(cookie))
	r.ReadUnlock()
	r.Close()
	l.Synchronize() // or test again later
	fmt.Println(l.Done(cookie))
	// Output:
	// false
	// true
}

// Call returns at once; the function runs after a grace period.
func ExampleLive_Call() {
	l := rcu.NewLive()
	freed := make(chan struct{})
	l.Call(func() { close(freed) })
	<-freed
	fmt.Println("freed")
	// Output: freed
}
