package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// bigDomains are bugs in domains with a list of callbacks for each CPU. The first two were
// bugs of Linux.
var bigDomains = []Mutant{
	liveness("big-never-online", "a growing domain queues the work that invokes callbacks on CPUs that were never online (from 61bbcfb50514 until 593889c40142)", "v7.0",
		in("v7.0", always(kernel.OfflineInvokes, true))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.NoWorker}),
	liveness("big-early-tree", "a domain has a tree for CONFIG_NR_CPUS, but the end of a grace period visits as many nodes as a tree for the real CPUs has (until b5befe842e66)", "baseline",
		fixes.Fix{Funnel: func(t *funnel.Tree) funnel.Funnel { return earlyTree{t} }}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("big-joiner-unmarked", "only the first request for a grace period records that its CPU has callbacks", "baseline",
		fixes.Fix{Funnel: func(t *funnel.Tree) funnel.Funnel { return joinerUnmarked{t, map[srcu.Cookie]int{}} }}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("big-end-late", "the end of a grace period finds the CPUs with callbacks for the one before", "baseline",
		fixes.Fix{Funnel: func(t *funnel.Tree) funnel.Funnel { return &endLate{Tree: t} }}).
		costs(trial.CallbackLate),
	liveness("big-others-late", "the end of a grace period finds only the first of the CPUs with callbacks for it, and the others one grace period later", "baseline",
		fixes.Fix{Funnel: func(t *funnel.Tree) funnel.Funnel { return &othersLate{Tree: t} }}).
		costs(trial.CallbackLate),
	liveness("big-needed-zero", "the grace period that a CPU has requested last is 0 at first, which is later than the first hundred", "baseline",
		fixes.Fix{Funnel: func(t *funnel.Tree) funnel.Funnel { return neededZero{t} }}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	safety("big-barrier-boot", "srcu_barrier() waits for the callbacks of the boot CPU", "baseline",
		in("baseline", always(kernel.BarrierAll, false))).
		unsafe(trial.DestroyedInUse),
}

// earlyTree is a tree whose leaves the end of a grace period does not reach: it visits as
// many nodes, from the root on, as a smaller tree has. What it takes for leaves are nodes
// in which no CPU is marked.
type earlyTree struct{ *funnel.Tree }

func (earlyTree) End(srcu.Cookie, func(int)) {}

// joinerUnmarked forgets all CPUs but the first one that needs a grace period.
type joinerUnmarked struct {
	*funnel.Tree
	first map[srcu.Cookie]int
}

func (j joinerUnmarked) Note(cpu int, c srcu.Cookie, expedited bool) funnel.Noted {
	n := j.Tree.Note(cpu, c, expedited)
	if n == funnel.First {
		j.first[c] = cpu
	}
	return n
}

func (j joinerUnmarked) End(c srcu.Cookie, ready func(cpu int)) {
	j.Tree.End(c, func(cpu int) {
		if cpu == j.first[c] {
			ready(cpu)
		}
	})
}

// endLate finds the CPUs one grace period late.
type endLate struct {
	*funnel.Tree
	found []int
}

func (e *endLate) End(c srcu.Cookie, ready func(cpu int)) {
	for _, cpu := range e.found {
		ready(cpu)
	}
	e.found = nil
	e.Tree.End(c, func(cpu int) { e.found = append(e.found, cpu) })
}

// neededZero takes requests before the wrap of the sequence for repeated ones.
type neededZero struct{ *funnel.Tree }

func (n neededZero) Note(cpu int, c srcu.Cookie, expedited bool) funnel.Noted {
	if int64(c) < 0 {
		return funnel.Joined
	}
	return n.Tree.Note(cpu, c, expedited)
}

// othersLate finds all CPUs but the first one grace period late.
type othersLate struct {
	*funnel.Tree
	found []int
}

func (o *othersLate) End(c srcu.Cookie, ready func(cpu int)) {
	for _, cpu := range o.found {
		ready(cpu)
	}
	o.found = nil
	first := true
	o.Tree.End(c, func(cpu int) {
		if first {
			ready(cpu)
		} else {
			o.found = append(o.found, cpu)
		}
		first = false
	})
}
