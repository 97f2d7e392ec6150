package srcu

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// held is a value that must not be freed while a reader uses it.
type held struct {
	key   int
	freed atomic.Int32
	plain int // written when freed, for the race detector
}

func freeHeld(t *testing.T) func(*held) {
	return func(v *held) {
		v.plain++
		if v.freed.Add(1) != 1 {
			t.Error("a value was freed twice")
		}
	}
}

// use looks at a value several times inside a section.
func (v *held) use(t *testing.T) {
	for range 10 {
		if v.freed.Load() != 0 || v.plain != 0 {
			t.Error("a reader holds a value that was freed")
			return
		}
		runtime.Gosched()
	}
}

func TestMapFreesValuesAfterTheirReaders(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		const keys, stay = 64, 64
		var made atomic.Int64
		var freed atomic.Int64
		free := freeHeld(t)
		m := NewMap[int](d, func(v *held) { free(v); freed.Add(1) })
		for key := range stay {
			must(m.Store(background, keys+key, &held{key: keys + key}))
		}
		var stop atomic.Bool
		var readers, updaters sync.WaitGroup
		for i := range 2 {
			readers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 1))
				for !stop.Load() {
					in := d.ReadLock()
					key := r.IntN(keys)
					if v := m.Load(key); v != nil {
						if v.key != key {
							t.Errorf("Load(%d) found a value of %d", key, v.key)
						}
						v.use(t)
					}
					if r.IntN(16) == 0 {
						stayed := 0
						for key, v := range m.All() {
							if key >= keys {
								stayed++
							}
							runtime.Gosched()
							if v.key != key {
								t.Errorf("All found a value of %d under %d", v.key, key)
							}
							if v.freed.Load() != 0 {
								t.Error("All found a value that was freed")
							}
						}
						if stayed != stay {
							t.Errorf("All visited %d of the %d keys that stay", stayed, stay)
						}
					}
					d.ReadUnlock(in)
				}
			})
			updaters.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 2))
				for range 400 {
					switch key := r.IntN(keys); r.IntN(3) {
					case 0:
						must(m.Delete(background, key))
					case 1:
						made.Add(1)
						must(m.Store(background, key, &held{key: key}))
					default:
						must(m.Update(background, key, func(old *held) *held {
							if old != nil && old.freed.Load() != 0 {
								t.Error("Update gave its function a value that was freed")
							}
							made.Add(1)
							return &held{key: key}
						}))
					}
				}
			})
		}
		updaters.Wait()
		stop.Store(true)
		readers.Wait()
		must(d.Close(background))
		if gone := made.Load() + stay - int64(m.Len()); freed.Load() != gone {
			t.Errorf("%d values freed, want %d", freed.Load(), gone)
		}
	})
}

func TestMapAgreesWithAMap(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	m, want := NewMap[string, int](d, nil), map[string]int{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 4000 {
		key := fmt.Sprint(r.IntN(300))
		switch r.IntN(3) {
		case 0:
			delete(want, key)
			must(m.Delete(background, key))
		default:
			want[key] = i
			must(m.Store(background, key, &i))
		}
		if i%97 != 0 {
			continue
		}
		in, got := d.ReadLock(), map[string]int{}
		for key, v := range m.All() {
			if _, twice := got[key]; twice {
				t.Errorf("All visited %s twice", key)
			}
			got[key] = *v
		}
		for key, v := range want {
			if p := m.Load(key); p == nil || *p != v {
				t.Fatalf("Load(%s) = %v, want %d", key, p, v)
			}
		}
		if m.Load("none") != nil {
			t.Fatal("Load found a key that was never stored")
		}
		d.ReadUnlock(in)
		if m.Len() != len(want) || !maps.Equal(got, want) {
			t.Fatalf("%d keys, All visits %v, want %v", m.Len(), got, want)
		}
	}
}

func TestMapAndListChangeNothingOnAnError(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{MaxPending: 1})
	m, l := NewMap[int](d, func(*int) {}), NewList(d, func(*int) {})
	v := new(int)
	must(m.Store(background, 1, v))
	e := l.PushBack(v)
	leave := hold(d)
	must(d.Call(background, func() {}))
	over, cancel := context.WithCancel(background)
	cancel()
	for what, err := range map[string]error{
		"Store": m.Store(over, 2, v), "Delete": m.Delete(over, 1), "Remove": l.Remove(over, e),
		"Update": m.Update(over, 1, func(*int) *int { panic("called") }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want that the context is over", what, err)
		}
	}
	leave()
	in := d.ReadLock()
	if m.Len() != 1 || l.Len() != 1 || m.Load(1) != v || m.Load(2) != nil {
		t.Error("an update with an error has changed something")
	}
	d.ReadUnlock(in)
	must(d.Close(background))
	if err := m.Delete(background, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("Delete after Close = %v", err)
	}
}

func TestMapSurvivesAPanicInUpdate(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{MaxPending: 1})
	m := NewMap[int](d, func(*int) {})
	func() {
		defer func() { _ = recover() }()
		_ = m.Update(background, 1, func(*int) *int { panic("planned") })
	}()
	must(m.Store(background, 1, new(int))) // the lock and the place are free again
	if m.Len() != 1 || d.Pending() != 0 {
		t.Errorf("%d keys, %d pending", m.Len(), d.Pending())
	}
}

func TestMapReadsWithoutAllocation(t *testing.T) {
	if debugging {
		t.Skip("this build notes each section")
	}
	d := NewDomain(Config{})
	m := NewMap[int, int](d, nil)
	must(m.Store(background, 1, new(int)))
	if n := testing.AllocsPerRun(100, func() {
		in := d.ReadLock()
		_ = m.Load(1)
		d.ReadUnlock(in)
	}); n != 0 {
		t.Errorf("%v allocations a Load", n)
	}
}

// BenchmarkMap compares loads of one of 1000 keys with its peers, alone and with an
// update in each 1000th operation.
func BenchmarkMap(b *testing.B) {
	const keys, often = 1000, 1000
	d := NewDomain(Config{})
	m := NewMap[int, int](d, func(*int) {})
	var syncMap sync.Map
	var mu sync.RWMutex
	plain := map[int]*int{}
	for key := range keys {
		must(m.Store(background, key, new(int)))
		syncMap.Store(key, new(int))
		plain[key] = new(int)
	}
	peers := []struct {
		name   string
		update func(key int)
		loads  func(from, n int) (sum int)
	}{
		{"srcu.Map", func(key int) { must(m.Store(background, key, new(int))) }, func(from, n int) (sum int) {
			for i := range n {
				in := d.ReadLock()
				sum += *m.Load((from + i) * 31 % keys)
				d.ReadUnlock(in)
			}
			return sum
		}},
		{"sync.Map", func(key int) { syncMap.Store(key, new(int)) }, func(from, n int) (sum int) {
			for i := range n {
				v, _ := syncMap.Load((from + i) * 31 % keys)
				sum += *v.(*int)
			}
			return sum
		}},
		{"RWMutex and map", func(key int) { mu.Lock(); plain[key] = new(int); mu.Unlock() }, func(from, n int) (sum int) {
			for i := range n {
				mu.RLock()
				sum += *plain[(from+i)*31%keys]
				mu.RUnlock()
			}
			return sum
		}},
	}
	for _, p := range peers {
		for _, updates := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/updates=%t", p.name, updates), func(b *testing.B) {
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						if i%often != 0 {
							continue // each call of Next stands for one operation
						}
						p.loads(i, often)
						if updates {
							p.update(i % keys)
						}
					}
				})
			})
		}
	}
}
