package fixes

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// scanSide is the side of one domain of a test. It logs the calls of a barrier.
type scanSide struct {
	srcu.Side
	name string
	w    *scanWorld
}

// scanWorld is the shared state of the sides of a test.
type scanWorld struct {
	done  map[rcu.Cookie]bool // grace periods that have ended
	next  rcu.Cookie
	log   []string
	posts []func() // callbacks that have not run
}

func (w *scanWorld) side(name string) *scanSide { return &scanSide{name: name, w: w} }

func newScanWorld() *scanWorld { return &scanWorld{done: map[rcu.Cookie]bool{}, next: 100} }

// taken returns the log since the last call.
func (w *scanWorld) taken() []string {
	log := w.log
	w.log = nil
	return log
}

func (w *scanWorld) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// elapse runs the posted callbacks.
func (w *scanWorld) elapse() {
	posts := w.posts
	w.posts = nil
	for _, fn := range posts {
		fn()
	}
}

func (s *scanSide) Requeue(jiffies uint64) { s.w.note("%s requeue %d", s.name, jiffies) }
func (s *scanSide) RCU() rcu.GracePeriods  { return (*scanRCU)(s) }

type scanRCU scanSide

func (r *scanRCU) Synchronize()          { r.w.note("%s sync", r.name) }
func (r *scanRCU) SynchronizeExpedited() { r.w.note("%s sync-expedited", r.name) }
func (r *scanRCU) Expedite()             { r.w.note("%s expedite", r.name) }
func (r *scanRCU) Snapshot() rcu.Cookie  { return r.w.next }
func (r *scanRCU) Done(c rcu.Cookie) bool {
	return r.w.done[c]
}

func (r *scanRCU) Call(fn func()) {
	r.w.note("%s call", r.name)
	r.w.posts = append(r.w.posts, fn)
}

func (r *scanRCU) Start() rcu.Cookie {
	r.w.note("%s start", r.name)
	r.w.next++
	return r.w.next
}

func (r *scanRCU) StartExpedited() rcu.Cookie {
	r.w.note("%s start-expedited", r.name)
	r.w.next++
	return r.w.next
}

// A poll that finds its grace period unfinished requests another one, since two
// overlapping ones may end without ending the polled one, and polls again a jiffy
// later. An expedited one needs no second request.
func TestPollsRequestAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expedited           bool
		first, again, after []string
	}{
		{false, []string{"a start", "a start", "a requeue 1"}, []string{"a start", "a requeue 1"}, nil},
		{true, []string{"a start-expedited", "a requeue 1"}, []string{"a requeue 1"}, nil},
	} {
		w := newScanWorld()
		s, scan := w.side("a"), &srcu.Scan{Expedited: c.expedited}
		b := Polling()
		if b.Order(s, scan) {
			t.Fatal("over at once")
		}
		cookie := scan.Cookie
		if got := w.taken(); !slices.Equal(got, c.first) {
			t.Errorf("expedited %t: the first look does %v, want %v", c.expedited, got, c.first)
		}
		for range 2 {
			if b.Order(s, scan) || scan.Cookie != cookie {
				t.Error("a later look is over, or took another cookie")
			}
			if got := w.taken(); !slices.Equal(got, c.again) {
				t.Errorf("expedited %t: a later look does %v, want %v", c.expedited, got, c.again)
			}
		}
		w.done[cookie] = true
		if !b.Order(s, scan) || !slices.Equal(w.taken(), c.after) {
			t.Errorf("expedited %t: not over when the grace period is", c.expedited)
		}
	}
}

// The requests of the waiting barriers to RCU, for a normal and an expedited scan.
func TestWhatBarriersAskOfRCU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		barrier           func() srcu.Barrier
		normal, expedited []string
	}{
		{"blocking", Blocking, []string{"a sync"}, []string{"a sync-expedited"}},
		{"expedited", Expedited, []string{"a sync-expedited"}, []string{"a sync-expedited"}},
		{"callrcu", CallRCU, []string{"a call"}, []string{"a start-expedited", "a requeue 1"}},
		{"callrcu-expedited", CallRCUExpedited, []string{"a call", "a expedite"}, []string{"a call", "a expedite"}},
		{"batch", Batched, []string{"a call"}, []string{"a start-expedited", "a requeue 1"}},
	} {
		for expedited, want := range map[bool][]string{false: c.normal, true: c.expedited} {
			w := newScanWorld()
			b, scan := c.barrier(), &srcu.Scan{Expedited: expedited}
			over := b.Order(w.side("a"), scan)
			if got := w.taken(); !slices.Equal(got, want) {
				t.Errorf("%s, expedited %t: %v, want %v", c.name, expedited, got, want)
			}
			if waits := c.name == "blocking" || c.name == "expedited"; over != waits {
				t.Errorf("%s, expedited %t: over %t", c.name, expedited, over)
			}
			if len(w.posts) == 0 {
				continue
			}
			if b.Order(w.side("a"), scan) || len(w.posts) != 1 {
				t.Errorf("%s: a spurious run posts again", c.name)
			}
			w.taken()
			w.elapse()
			if got := w.taken(); !slices.Equal(got, []string{"a requeue 0"}) || !b.Order(w.side("a"), scan) {
				t.Errorf("%s: the callback does %v", c.name, got)
			}
		}
	}
}

// One callback serves all scans that wait when it is posted, and no later one;
// those wait for the next, which one of them posts a jiffy afterwards.
func TestBatchServesTheScansThatWait(t *testing.T) {
	t.Parallel()
	w := newScanWorld()
	b := Batched()
	a, second, third := w.side("a"), w.side("b"), w.side("c")
	scans := map[*scanSide]*srcu.Scan{a: {}, second: {}, third: {}}
	order := func(s *scanSide, want bool, log ...string) {
		t.Helper()
		if got := b.Order(s, scans[s]); got != want {
			t.Errorf("%s: over %t, want %t", s.name, got, want)
		}
		if got := w.taken(); !slices.Equal(got, log) {
			t.Errorf("%s: %v, want %v", s.name, got, log)
		}
	}
	order(a, false, "a call")
	order(second, false) // it is too late for that one
	order(third, false)
	w.elapse()
	if got, want := w.taken(), []string{"a requeue 0", "c requeue 1", "b requeue 1"}; !slices.Equal(got, want) {
		t.Errorf("the callback does %v, want %v", got, want)
	}
	order(a, true)
	order(second, false, "b call")
	w.elapse()
	if got, want := w.taken(), []string{"c requeue 0", "b requeue 0"}; !slices.Equal(got, want) {
		t.Errorf("the second callback does %v, want %v", got, want)
	}
	order(third, true)
	order(second, true)
	scans[a] = &srcu.Scan{} // the next scan of a finds no running grace period
	order(a, false, "a call")
}

// A scan that loses the race against the callback that serves it, finds nothing to launch.
// It posts no callback, and leaves the way free for the next scan.
func TestBatchLaunchesNothingWithoutScans(t *testing.T) {
	t.Parallel()
	w, b := newScanWorld(), &batch{}
	b.launch(w.side("a"))
	if got := w.taken(); len(got) > 0 || len(w.posts) > 0 {
		t.Errorf("without scans: %v", got)
	}
	if b.Order(w.side("b"), &srcu.Scan{}); !slices.Equal(w.taken(), []string{"b call"}) {
		t.Error("the next scan posts no callback")
	}
}
