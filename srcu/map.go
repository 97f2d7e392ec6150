package srcu

import (
	"context"
	"hash/maphash"
	"iter"
	"sync"
	"sync/atomic"
)

// Map is a hash map of values that readers of a domain use while updaters replace
// and delete them.
//
// A reader calls Load or All inside a section and uses the values until the section
// ends. It never waits, whatever updaters do. Updaters are serialised; those of one
// key and of different keys may be called concurrently. A value that was replaced
// or deleted is passed to the domain, which frees it when no reader can hold it.
//
// Compare sync.Map, whose values the garbage collector frees.
type Map[K comparable, V any] struct {
	d     *Domain
	free  func(*V)
	seed  maphash.Seed
	table atomic.Pointer[mapTable[K, V]]

	mu sync.Mutex // held by updaters
	n  atomic.Int64
}

// mapTable contains the buckets. When there are more keys than buckets, a larger
// table replaces it, with nodes of its own: a reader inside a section may still walk
// the old ones, which the garbage collector keeps until then.
type mapTable[K comparable, V any] struct {
	buckets []atomic.Pointer[mapNode[K, V]] // their number is a power of two
}

// mapNode is in the list of its bucket. A removed node keeps its next node, so that
// a reader on it finds the rest of the list.
type mapNode[K comparable, V any] struct {
	hash  uint64
	key   K
	value atomic.Pointer[V]
	next  atomic.Pointer[mapNode[K, V]]
}

const minBuckets = 8

// NewMap returns an empty map. Free is called with each value that was replaced or
// deleted, after a grace period of d; it may be nil.
func NewMap[K comparable, V any](d *Domain, free func(*V)) *Map[K, V] {
	m := &Map[K, V]{d: d, free: free, seed: maphash.MakeSeed()}
	m.table.Store(newMapTable[K, V](minBuckets))
	return m
}

func newMapTable[K comparable, V any](buckets int) *mapTable[K, V] {
	return &mapTable[K, V]{buckets: make([]atomic.Pointer[mapNode[K, V]], buckets)}
}

func (t *mapTable[K, V]) bucket(hash uint64) *atomic.Pointer[mapNode[K, V]] {
	return &t.buckets[hash&uint64(len(t.buckets)-1)]
}

// Load returns the value of a key, or nil. The value is valid inside the section; a
// build with the tag gpstorm_debug panics outside of sections.
func (m *Map[K, V]) Load(key K) *V {
	mustBeInside("Map.Load")
	hash := maphash.Comparable(m.seed, key)
	for n := m.table.Load().bucket(hash).Load(); n != nil; n = n.next.Load() {
		if n.hash == hash && n.key == key {
			return n.value.Load()
		}
	}
	return nil
}

// All iterates over the keys and their values in no particular order, inside one
// section. A key that is stored or deleted meanwhile may be missed or not; each
// other key is visited once.
func (m *Map[K, V]) All() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		mustBeInside("Map.All")
		t := m.table.Load()
		for i := range t.buckets {
			for n := t.buckets[i].Load(); n != nil; n = n.next.Load() {
				if !yield(n.key, n.value.Load()) {
					return
				}
			}
		}
	}
}

// Len returns the number of keys.
func (m *Map[K, V]) Len() int { return int(m.n.Load()) }

// Store sets the value of a key, which must not be nil. It waits as Domain.Call
// does, before it changes anything: on an error nothing has changed.
func (m *Map[K, V]) Store(ctx context.Context, key K, v *V) error {
	if v == nil {
		panic("srcu: Map.Store of nil")
	}
	return m.Update(ctx, key, func(*V) *V { return v })
}

// Delete deletes a key, if it is there. It waits, and fails, as Store does.
func (m *Map[K, V]) Delete(ctx context.Context, key K) error {
	return m.Update(ctx, key, func(*V) *V { return nil })
}

// Update sets the value of a key to the result of change, whose argument is the
// present value, or nil. If the result is nil the key is deleted; if it is the
// argument nothing changes. Other updaters wait meanwhile, so change must not update
// the map. Update waits, and fails, as Store does.
func (m *Map[K, V]) Update(ctx context.Context, key K, change func(old *V) *V) error {
	if err := m.d.admit(ctx); err != nil {
		return err
	}
	var old *V
	defer func() { retireAdmitted(m.d, old, m.free) }() // even if change panics
	m.mu.Lock()
	defer m.mu.Unlock()
	old = m.update(key, change)
	return nil
}

// update returns the value that is no longer in the map, or nil.
func (m *Map[K, V]) update(key K, change func(old *V) *V) (gone *V) {
	hash := maphash.Comparable(m.seed, key)
	t := m.table.Load()
	at := t.bucket(hash) // the pointer to n
	n := at.Load()
	for ; n != nil && (n.hash != hash || n.key != key); n = at.Load() {
		at = &n.next
	}
	if n == nil {
		if v := change(nil); v != nil {
			m.insert(t, hash, key, v)
		}
		return nil
	}
	old := n.value.Load()
	switch v := change(old); v {
	case old:
		return nil
	case nil:
		at.Store(n.next.Load())
		m.n.Add(-1)
	default:
		n.value.Store(v)
	}
	return old
}

// insert adds a key that is not in the table, which it replaces if it is full.
func (m *Map[K, V]) insert(t *mapTable[K, V], hash uint64, key K, v *V) {
	full := int(m.n.Load()) >= len(t.buckets)
	if full {
		larger := newMapTable[K, V](2 * len(t.buckets))
		for i := range t.buckets {
			for n := t.buckets[i].Load(); n != nil; n = n.next.Load() {
				larger.push(n.hash, n.key, n.value.Load())
			}
		}
		t = larger
	}
	t.push(hash, key, v)
	if full {
		m.table.Store(t)
	}
	m.n.Add(1)
}

func (t *mapTable[K, V]) push(hash uint64, key K, v *V) {
	n := &mapNode[K, V]{hash: hash, key: key}
	n.value.Store(v)
	at := t.bucket(hash)
	n.next.Store(at.Load())
	at.Store(n)
}
