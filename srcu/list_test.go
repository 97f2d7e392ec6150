package srcu

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestListFreesValuesAfterTheirReaders(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		free := freeHeld(t)
		var freed atomic.Int64
		l := NewList(d, func(v *held) { free(v); freed.Add(1) })
		first, last := &held{key: -1}, &held{key: -2} // stay
		l.PushFront(first)
		l.PushBack(last)
		var stop atomic.Bool
		var readers, updaters sync.WaitGroup
		for i := range 2 {
			readers.Go(func() {
				for !stop.Load() {
					in := d.ReadLock()
					stayed := 0
					for v := range l.All() {
						if v == first || v == last {
							stayed++
						}
						v.use(t)
					}
					if stayed != 2 {
						t.Errorf("All visited %d of the 2 values that stay", stayed)
					}
					d.ReadUnlock(in)
				}
			})
			updaters.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 0))
				var mine []*Element[held]
				for range 200 {
					runtime.Gosched()
					switch n := len(mine); {
					case n > 8 || n > 0 && r.IntN(2) == 0:
						k := r.IntN(n)
						must(l.Remove(background, mine[k]))
						must(l.Remove(background, mine[k])) // has no effect
						mine = slices.Delete(mine, k, k+1)
					case r.IntN(2) == 0:
						mine = append(mine, l.PushFront(&held{}))
					default:
						mine = append(mine, l.PushBack(&held{}))
					}
				}
				for _, e := range mine {
					must(l.Remove(background, e))
				}
			})
		}
		updaters.Wait()
		stop.Store(true)
		readers.Wait()
		must(d.Close(background))
		if l.Len() != 2 || freed.Load() == 0 {
			t.Errorf("%d values left, want 2; %d freed", l.Len(), freed.Load())
		}
	})
}

func TestListKeepsItsOrder(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	l := NewList[int](d, nil)
	var elements []*Element[int]
	var want []int
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 500 {
		switch n := len(want); {
		case n > 0 && r.IntN(2) == 0:
			k := r.IntN(n)
			must(l.Remove(background, elements[k]))
			elements, want = slices.Delete(elements, k, k+1), slices.Delete(want, k, k+1)
		case r.IntN(2) == 0:
			elements, want = slices.Insert(elements, 0, l.PushFront(&i)), slices.Insert(want, 0, i)
		default:
			elements, want = append(elements, l.PushBack(&i)), append(want, i)
		}
		in := d.ReadLock()
		var got []int
		for v := range l.All() {
			got = append(got, *v)
		}
		d.ReadUnlock(in)
		if l.Len() != len(want) || !slices.Equal(got, want) {
			t.Fatalf("%d elements, %v, want %v", l.Len(), got, want)
		}
	}
}

// A reader that stands on an element while it and the next ones are removed finds
// the rest of the list.
func TestListLeadsAReaderOnARemovedElementOn(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	l := NewList[int](d, nil)
	var elements []*Element[int]
	for i := range 4 {
		elements = append(elements, l.PushBack(&i))
	}
	in := d.ReadLock()
	var seen []int
	for v := range l.All() {
		seen = append(seen, *v)
		if *v == 0 {
			for _, e := range elements[:3] {
				must(l.Remove(background, e))
			}
		}
	}
	d.ReadUnlock(in)
	if seen[len(seen)-1] != 3 {
		t.Errorf("visited %v, want 3 at the end", seen)
	}
}

// The owner of a removed element may keep it: it holds neither the value nor the list,
// once no reader can be on it.
func TestRemovedElementKeepsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		free func(*int)
	}{{"free", func(*int) {}}, {"no free", nil}} {
		d := NewDomain(Config{})
		l := NewList(d, c.free)
		e, second := l.PushBack(new(int)), l.PushBack(new(int))
		leave := hold(d)
		must(l.Remove(background, e))
		if e.value == nil || e.next.Load() != second {
			t.Errorf("%s: an element that a reader may be on leads nowhere", c.name)
		}
		leave()
		must(d.Barrier(background))
		if e.value != nil || e.next.Load() != nil || e.prev != nil || e.list.Load() != nil {
			t.Errorf("%s: a removed element keeps %+v", c.name, e)
		}
	}
}

// Nothing is changed by a wrong argument, and no place is lost.
func TestWrongElementsAreRefused(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{MaxPending: 1})
	l, other := NewList[int](d, nil), NewList[int](d, nil)
	l.PushBack(new(int))
	foreign := other.PushBack(new(int))
	for name, mistake := range map[string]func(){
		"Remove of nil":               func() { _ = l.Remove(background, nil) },
		"Remove of a foreign element": func() { _ = l.Remove(background, foreign) },
		"PushFront of nil":            func() { l.PushFront(nil) },
		"PushBack of nil":             func() { l.PushBack(nil) },
		"Map.Store of nil":            func() { _ = NewMap[int, int](d, nil).Store(background, 1, nil) },
		"Map.Update without change":   func() { _ = NewMap[int, int](d, nil).Update(background, 1, nil) },
		"Pointer.Update without one":  func() { _ = new(Pointer[int]).Update(background, d, nil, nil) },
	} {
		if panics(mistake) == nil {
			t.Errorf("%s went unnoticed", name)
		}
		if l.Len() != 1 || other.Len() != 1 || d.Pending() != 0 {
			t.Fatalf("%s: %d and %d elements, %d places taken; want 1, 1 and 0", name, l.Len(), other.Len(), d.Pending())
		}
	}
	must(l.Remove(background, new(Element[int]))) // was never in a list
	must(other.Remove(background, foreign))
	must(d.Close(background))
	must(other.Remove(background, foreign)) // has no effect
}
