package funnel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// at returns the cookie of the n-th grace period of a domain, the 100th of which wraps.
func at(n int) srcu.Cookie { return srcu.Cookie(rcu.SeqBefore(100) + uint64(n)*rcu.SeqStep) }

// readyCPUs returns the CPUs whose callbacks the end of a grace period makes ready.
func readyCPUs(f Funnel, c srcu.Cookie) (cpus []int) {
	f.End(c, func(cpu int) { cpus = append(cpus, cpu) })
	return cpus
}

// The end of a grace period finds the CPUs that have requested it, and no others. One
// request of each grace period is the first, and one expedited request after it. The
// grace periods pass the wrap of the sequence.
func TestTheEndOfAGracePeriodFindsTheCPUsThatRequestedIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cpus, leaf, fanout int }{{1, 16, 64}, {4, 16, 64}, {20, 16, 64}, {64, 64, 64}, {65, 64, 64}, {9, 2, 2}, {300, 2, 64}} {
		tree, draws := NewTree(c.cpus, c.leaf, c.fanout, SizeBig, at(0)), rand.New(rand.NewPCG(1, 2))
		requested := map[int]map[int]bool{} // by grace period, the CPUs that have requested it
		hurried := map[int]bool{}
		request := func(n int) {
			cpu, expedited := draws.IntN(c.cpus), draws.IntN(3) == 0
			want := Joined
			switch {
			case requested[n] == nil:
				requested[n], want = map[int]bool{}, First
			case expedited && !hurried[n]:
				want = FirstExpedited
			}
			requested[n][cpu] = true
			hurried[n] = hurried[n] || expedited
			if got := tree.Note(cpu, at(n), expedited); got != want {
				t.Fatalf("%+v: a request of CPU %d for grace period %d, expedited %t: %d, want %d", c, cpu, n, expedited, got, want)
			}
		}
		for n := 1; n < 250; n++ {
			for range draws.IntN(6) {
				request(n)
			}
			for range draws.IntN(6) {
				request(n + 1)
			}
			var want []int
			for cpu := range requested[n] {
				want = append(want, cpu)
			}
			slices.Sort(want)
			if got := readyCPUs(tree, at(n)); !slices.Equal(got, want) {
				t.Fatalf("%+v: at the end of grace period %d CPUs %v are ready, want %v", c, n, got, want)
			}
		}
	}
}

// A CPU that requests an old grace period has to invoke its callbacks itself.
func TestARequestForAGracePeriodThatIsOverIsToldSo(t *testing.T) {
	t.Parallel()
	tree := NewTree(4, 2, 64, SizeBig, at(0))
	tree.Note(0, at(1), false)
	readyCPUs(tree, at(1))
	if got := tree.Note(1, at(1), false); got != Passed {
		t.Errorf("%d, want %d", got, Passed)
	}
}

// While a domain grows, its callbacks are on the boot CPU first and then on any CPU. Once
// it is big, only the CPUs that have requested a grace period are ready at its end.
func TestADomainGrowsByGracePeriods(t *testing.T) {
	t.Parallel()
	tree := NewTree(3, 2, 64, SizeAlloc, at(0))
	all := []int{0, 1, 2}
	for n, want := range [][]int{{0}, all, all, all, all, all, all, {1}} {
		if got := tree.Note(1, at(n+1), false); got != First {
			t.Errorf("request %d: %d, want %d", n, got, First)
		}
		if got := readyCPUs(tree, at(n+1)); !slices.Equal(got, want) {
			t.Errorf("at the end of grace period %d CPUs %v are ready, want %v", n, got, want)
		}
	}
	if tree.Size() != SizeBig {
		t.Errorf("size %d, want %d", tree.Size(), SizeBig)
	}
}

// Callbacks run after their grace period; a request without a callback adds none. Those
// posted during a grace period need the next one.
func TestEnqueueOnAListOfACPU(t *testing.T) {
	t.Parallel()
	s := &scriptedSide{}
	gp := srcu.New(srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return true }), srcu.KernelPace(250))
	tree := NewTree(2, 2, 64, SizeBig, at(0))
	var q srcu.Callbacks
	var ran []string
	c, late := Enqueue(gp, s, tree, 1, &q, func() { ran = append(ran, "first") }, false)
	Enqueue(gp, s, tree, 1, &q, func() { ran = append(ran, "second") }, true)
	Enqueue(gp, s, tree, 1, &q, nil, false)
	if late || q.Pending() != 2 || s.requeued != 1 || !gp.Expedited() {
		t.Fatalf("late %t, %d pending, queued %d times, expedited %t", late, q.Pending(), s.requeued, gp.Expedited())
	}
	before := gp.Latest()
	gp.Process(s)
	if gp.Latest() != c || before != c-srcu.Cookie(rcu.SeqStep) {
		t.Errorf("the latest grace period is %d, before it %d; want %d", gp.Latest(), before, c)
	}
	q.Invoke(gp.Done)
	if !slices.Equal(ran, []string{"first"}) {
		t.Errorf("after one grace period %v have run", ran)
	}
	gp.Process(s)
	q.Invoke(gp.Done)
	if !slices.Equal(ran, []string{"first", "second"}) || gp.Needed() {
		t.Errorf("after two grace periods %v have run; another one is needed: %t", ran, gp.Needed())
	}
	readyCPUs(tree, c)
	if _, late := Enqueue(staleMachine{gp, c}, s, tree, 0, &q, func() {}, false); !late {
		t.Error("a grace period that has ended meanwhile was not noticed")
	}
}

// staleMachine returns an old cookie.
type staleMachine struct {
	*srcu.GracePeriod
	c srcu.Cookie
}

func (m staleMachine) Snapshot() srcu.Cookie { return m.c }

// scriptedSide has no readers and counts what the machine queues.
type scriptedSide struct {
	srcu.Side
	requeued int
}

func (s *scriptedSide) Current() int       { return 0 }
func (s *scriptedSide) Unlocks(int) uint64 { return 0 }
func (s *scriptedSide) Locks(int) uint64   { return 0 }
func (s *scriptedSide) Flip()              {}
func (s *scriptedSide) Fence()             {}
func (s *scriptedSide) FenceAll()          {}
func (s *scriptedSide) Requeue(uint64)     { s.requeued++ }
func (s *scriptedSide) Ended(uint64)       {}
func (s *scriptedSide) Jiffies() uint64    { return 1 }
func (s *scriptedSide) Spin()              {}
