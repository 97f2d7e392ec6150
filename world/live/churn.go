package live

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/internal/patience"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Churn gives the numbers of goroutines that use the API of a domain, besides the
// readers and closers of a trial.
type Churn struct {
	Updaters    int // replace values of a Pointer and of a Map, with functions that yield
	Retirers    int // put values into a Pool and get others, while readers hold them
	Registrants int // register Readers, read, and close them
	Panickers   int // queue callbacks that panic; OnPanic ends their goroutine
	Closings    int // close a domain concurrently with callers of Call
	Listers     int // add values to a List and remove others, some of them twice
	Yields      int // yields of each goroutine at its weak point
}

// stressed are the limits of Stress.
var stressed = limits{time: 100 * time.Millisecond, steps: 1 << 17, gcs: 4}

// Stress runs a trial of a strategy with churn on its tracepoint domain, or on a
// domain of its own if tracepoint readers are RCU readers. Procs is GOMAXPROCS; 0
// means one processor for each runnable goroutine. A value used too early, or a
// callback that runs twice or never, is a violation in the result.
//
// The load ends after a fixed amount of work, or 100 ms: on a busy machine it does
// less. A close() that is under way then counts with the time that it took.
func (w *World) Stress(ctx context.Context, subject string, sc *workload.Scenario, seed uint64, churn Churn, procs int) (trial.Result, error) {
	w.one.Lock()
	defer w.one.Unlock()
	f, err := w.find(subject)
	if err != nil {
		return trial.Result{}, err
	}
	c, err := Config{
		Fix: f, Seed: seed, Duration: windowOf(sc), Scenario: sc, StallAfter: hangOf(sc),
		onPanic: func(any) { runtime.Goexit() }, patience: patient, limits: &stressed,
	}.withDefaults()
	if err != nil {
		return trial.Result{}, err
	}
	r := runTrial(ctx, c, sc, procs, func(t *run, wg *sync.WaitGroup) { t.churn(wg, &churn) })
	r.Scenario, r.Fix, r.Seed = sc.Name, subject, seed
	return r, ctx.Err()
}

// churn starts the goroutines.
func (t *run) churn(wg *sync.WaitGroup, c *Churn) {
	d, shared := t.d.tracepoint.(*srcuDomain)
	if !shared {
		d = newSRCU(&Config{onPanic: t.c.onPanic}, fixes.Membarrier(), t.d.rcu, nil, t.fail)
		t.d.apart = d
	}
	k := &churning{t: t, d: d, yields: c.Yields, pool: srcu.NewPool(d.Domain, func() *pooled { return &pooled{} })}
	k.left.Store(t.c.limits.steps)
	k.table = srcu.NewMap[int](d.Domain, k.freeUpdated)
	k.list = srcu.NewList(d.Domain, k.freeUpdated)
	for i := range k.stay {
		k.stay[i] = &updated{}
		k.list.PushBack(k.stay[i])
	}
	k.value.Publish(&updated{})
	k.current.Publish(k.pool.Get())
	started := 0
	for _, kind := range []struct {
		n    int
		work func(r *rand.Rand)
	}{
		{c.Updaters, k.update}, {c.Retirers, k.retire}, {c.Registrants, k.register}, {c.Panickers, k.panics}, {c.Closings, k.closes}, {c.Listers, k.links},
	} {
		for range kind.n {
			started++
			r := rand.New(rand.NewPCG(t.random("churn", started), 0))
			wg.Go(func() {
				for !k.over() {
					kind.work(r)
				}
			})
		}
	}
	if c.Updaters > 0 {
		wg.Go(func() { k.reads(k.findsUpdated) })
	}
	if c.Retirers > 0 {
		wg.Go(func() { k.reads(k.findsPooled) })
	}
	if c.Listers > 0 {
		wg.Go(func() { k.reads(k.findsListed) })
	}
}

// patient is the time limit for goroutines to end after storms, readers and closers
// have.
const patient = 2 * time.Second

// churning is the state of the churn of a trial.
type churning struct {
	t       *run
	d       *srcuDomain
	yields  int
	left    atomic.Int64 // steps
	value   srcu.Pointer[updated]
	table   *srcu.Map[int, updated]
	list    *srcu.List[updated]
	stay    [2]*updated // values of the list that are never removed
	linked  [listed]atomic.Pointer[srcu.Element[updated]]
	pool    *srcu.Pool[pooled]
	current srcu.Pointer[pooled]
}

// updated is a value that must not be freed while an updater reads it.
type updated struct{ freed atomic.Bool }

// pooled is a value whose use changes whenever it leaves the pool.
type pooled struct{ use atomic.Int64 }

// pause is a goroutine's weak point, and one of its steps.
func (k *churning) pause(r *rand.Rand) {
	yields := r.IntN(k.yields + 1)
	k.left.Add(int64(-1 - yields))
	for range yields {
		runtime.Gosched()
	}
}

// over reports whether the churn must end.
func (k *churning) over() bool { return k.t.over() || k.left.Load() <= 0 || k.t.ctx.Err() != nil }

// tableKeys is the number of keys of the table: few, so that readers find most.
const tableKeys = 16

func (k *churning) update(r *rand.Rand) {
	next := func(old *updated) *updated {
		for range 2 {
			if old != nil && old.freed.Load() {
				k.t.fail("an update gave its function a freed value")
			}
			k.pause(r)
		}
		if old != nil && r.IntN(4) == 0 {
			return nil
		}
		return &updated{}
	}
	if r.IntN(2) == 0 {
		_ = k.table.Update(k.t.ctx, r.IntN(tableKeys), next)
		return
	}
	_ = k.value.Update(k.t.ctx, k.d.Domain, next, k.freeUpdated)
}

func (k *churning) freeUpdated(old *updated) {
	if old.freed.Swap(true) {
		k.t.fail("a value was freed twice")
	}
}

func (k *churning) retire(r *rand.Rand) {
	v := k.pool.Get()
	v.use.Add(1)
	old := k.current.Publish(v)
	k.pause(r)
	_ = k.pool.Put(k.t.ctx, old)
	if r.IntN(64) == 0 {
		time.Sleep(50 * time.Microsecond) // or the domain is always busy
	}
}

// reads looks at values in sections of all kinds.
func (k *churning) reads(find func(r *rand.Rand)) {
	r := rand.New(rand.NewPCG(k.t.random("holder", 0), 0))
	gates := k.d.Gates(r)
	defer func() {
		for _, g := range gates {
			g.close()
		}
	}()
	for !k.over() {
		g := &gates[r.IntN(len(gates))]
		ticket := g.lock()
		find(r)
		g.unlock(ticket)
	}
}

// findsPooled looks at the value that retirers replace.
func (k *churning) findsPooled(r *rand.Rand) {
	v := k.current.Load()
	use := v.use.Load()
	k.pause(r)
	interrupt.Spin(r.IntN(2000))
	if v.use.Load() != use {
		k.t.fail("a Pool returned a value that a reader holds")
	}
}

// findsUpdated looks at the values that updaters replace.
func (k *churning) findsUpdated(r *rand.Rand) {
	found := []*updated{k.value.Load(), k.table.Load(r.IntN(tableKeys))}
	for _, v := range k.table.All() {
		found = append(found, v)
	}
	k.pause(r)
	interrupt.Spin(r.IntN(2000))
	for _, v := range found {
		if v != nil && v.freed.Load() {
			k.t.fail("a reader holds a value that was freed")
		}
	}
}

// listed is the number of elements that listers may remove.
const listed = 8

// links adds a value to the list, and removes one that it or another lister added:
// two of them may remove the same.
func (k *churning) links(r *rand.Rand) {
	push := k.list.PushFront
	if r.IntN(2) == 0 {
		push = k.list.PushBack
	}
	at := &k.linked[r.IntN(listed)]
	old, e := at.Load(), push(&updated{})
	k.pause(r)
	if old != nil {
		_ = k.list.Remove(k.t.ctx, old)
	}
	if !at.CompareAndSwap(old, e) {
		_ = k.list.Remove(k.t.ctx, e)
	}
}

// findsListed looks at the values of the list.
func (k *churning) findsListed(r *rand.Rand) {
	var found []*updated
	visits := 0
	for v := range k.list.All() {
		found = append(found, v)
		if v == k.stay[0] || v == k.stay[1] {
			visits++
		}
	}
	if visits != len(k.stay) {
		k.t.fail("a List lost a value, or showed it twice")
	}
	k.pause(r)
	interrupt.Spin(r.IntN(2000))
	for _, v := range found {
		if v.freed.Load() {
			k.t.fail("a reader holds a value of a List that was freed")
		}
	}
}

func (k *churning) register(r *rand.Rand) {
	for _, g := range k.d.Gates(r) {
		for range 1 + r.IntN(8) {
			g.unlock(g.lock())
		}
		g.close()
	}
	k.pause(r)
}

// panics queues a callback that panics, and one that must run nevertheless.
func (k *churning) panics(r *rand.Rand) {
	ran := make(chan struct{})
	for _, fn := range []func(){func() { panic("planned") }, func() { close(ran) }} {
		if k.d.Domain.Call(k.t.ctx, fn) != nil {
			return
		}
	}
	k.pause(r)
	select {
	case <-ran:
		return
	case <-k.t.ctx.Done():
	}
	// The trial is over; this names the fault before the trial gives up.
	if k.t.wait(ran, patient/2) == patience.Hung {
		k.t.fail("a callback after one that panicked did not run")
	}
}

// closes closes a domain with a low limit while callers queue callbacks: each
// accepted callback must have run when Close returns.
func (k *churning) closes(r *rand.Rand) {
	d := srcu.NewDomain(srcu.Config{MaxPending: 2})
	var accepted, ran, late atomic.Int64
	var closed atomic.Bool
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for !k.over() && d.Call(background, func() {
				ran.Add(1)
				if closed.Load() {
					late.Add(1)
				}
			}) == nil {
				accepted.Add(1)
			}
		})
	}
	k.pause(r)
	if err := d.Close(background); err != nil {
		k.t.fail("Close beside callers: " + err.Error())
	}
	closed.Store(true)
	callers.Wait()
	if ran.Load() != accepted.Load() || late.Load() > 0 {
		k.t.fail("a callback that was accepted ran after Close had returned, or never")
	}
	time.Sleep(100 * time.Microsecond)
}
