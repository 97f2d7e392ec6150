package kernel

import "github.com/gpstorm/gpstorm/workload"

// storm is a storm of the scenario with its sources.
type storm struct {
	spec *workload.Storm
	sets []sourceAt
	on   bool
}

// sourceAt is the target of a source: a CPU, or a task's current CPU.
type sourceAt struct {
	src  *source
	cpu  *cpu
	task *task
}

// startStorms schedules the start, the growth and the end of every storm.
func (k *kernel) startStorms() {
	for i := range k.sc.Storms {
		spec := &k.sc.Storms[i]
		st := &storm{spec: spec}
		k.storms = append(k.storms, st)
		draws := k.stream("storm " + itoa(i))
		if spec.Task != "" {
			for _, t := range k.tasks {
				if t.group == spec.Task {
					for _, s := range k.newSources(spec, draws.Int64N) {
						t.sources = append(t.sources, s)
						st.sets = append(st.sets, sourceAt{src: s, task: t})
					}
				}
			}
		} else {
			for _, c := range k.cpus {
				if on := cpuSetOf(spec.CPUs, len(k.cpus)); !on.has(c.id) {
					continue
				}
				for _, s := range k.newSources(spec, draws.Int64N) {
					c.wide = append(c.wide, s)
					st.sets = append(st.sets, sourceAt{src: s, cpu: c})
				}
			}
		}
		k.at(ns(spec.From), func() { k.stormOn(st) })
		for _, at := range spec.At {
			k.at(ns(at), func() { k.sampleOnce(st) })
		}
		if spec.Until > 0 {
			k.at(ns(spec.Until), func() { k.stormOff(st) })
		}
	}
}

// newSources creates the sources of one CPU or task. NMI events are merged into one
// source with evenly spaced samples; each hrtimer keeps its own grid.
func (k *kernel) newSources(spec *workload.Storm, draw func(int64) int64) []*source {
	events := max(1, spec.Events)
	period := ns(spec.Period)
	if len(spec.At) > 0 {
		return []*source{{nmi: spec.Source == workload.NMI, device: spec.Source == workload.IRQ, period: never, handler: ns(spec.Handler), events: 1, left: never, next: never}}
	}
	if spec.Source == workload.NMI && spec.Rearm == workload.RearmDefault {
		p := max(period/ns(events), nmiGap)
		return []*source{{nmi: true, period: p, handler: ns(spec.Handler), events: events, left: 1 + draw(p)}}
	}
	period = max(period, hrMinPeriod)
	var all []*source
	for range events {
		d := draw(period)
		all = append(all, &source{
			nmi: spec.Source == workload.NMI, device: spec.Source == workload.IRQ || spec.Rearm == workload.RearmPeriod, rearm: spec.Rearm,
			period: period, handler: ns(spec.Handler), events: 1, left: d, next: d, grid: d,
		})
	}
	return all
}

// nmiGap is the minimum execution time between two NMIs: if one is latched, the CPU
// executes a few instructions after it returns from the other.
const nmiGap ns = 200

func (k *kernel) stormOn(st *storm) {
	if st.on || k.drained {
		return
	}
	st.on = true
	k.syncAll()
	if k.stormsOn++; k.stormsOn == 1 {
		k.stormSpan -= k.now
		for _, c := range k.cpus {
			c.stormWhileOn -= c.stormTime
		}
	}
	k.switchStorm(st, true)
	if st.spec.Growth > 0 && st.spec.GrowthEvery > 0 {
		var again func()
		again = func() {
			if !st.on {
				return
			}
			k.syncAll()
			for _, s := range st.sets {
				grow(st.spec, s.src)
			}
			k.replanAll()
			k.at(k.now+ns(st.spec.GrowthEvery), again)
		}
		k.at(k.now+ns(st.spec.GrowthEvery), again)
	}
}

func (k *kernel) stormOff(st *storm) {
	if st.on {
		k.syncAll()
		k.checkThrottled()
		st.on = false
		if k.stormsOn--; k.stormsOn == 0 {
			k.stormSpan += k.now
			for _, c := range k.cpus {
				c.stormWhileOn += c.stormTime
			}
		}
		k.switchStorm(st, false)
	}
}

func (k *kernel) switchStorm(st *storm, on bool) {
	k.syncAll()
	for _, s := range st.sets {
		s.src.on = on
		if on && s.cpu != nil {
			s.cpu.install(s.src)
		}
		if on && s.task != nil && s.task.cpu.cur == s.task {
			s.task.cpu.install(s.src)
		}
	}
	k.replanAll()
}

func (k *kernel) replanAll() {
	for _, c := range k.cpus {
		if c != k.here {
			k.plan(c)
		}
	}
}

// closersFinished ends the storms whose fds this group held open.
func (k *kernel) closersFinished(g *closerGroup) {
	if g.left > 0 {
		return
	}
	for _, st := range k.storms {
		if st.spec.ClosedBy == g.spec.Name {
			k.stormOff(st)
		}
	}
}

// stormTime is the total time of samples so far, on all CPUs.
func (k *kernel) stormTime() (sum ns) {
	for _, c := range k.cpus {
		sum += k.stormUntilNow(c)
	}
	return sum
}
