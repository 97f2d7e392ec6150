package kernel

// This file is a context switch from the decision to the end, as far as perf events of
// tasks and HRTICK see it (context_switch, finish_task_switch): the events of the
// previous task sample the CPU until perf_event_task_sched_out, those of the next one
// from perf_event_task_sched_in on, near the end; then hrtick_schedule_exit arms the
// timer. Interrupts are off in this time, so hrtimers of neither task expire.

// switching is the progress of a CPU's switch that has such events, or arms the timer.
type switching struct {
	stage switchStage
	left  ns // CPU time until the end of the stage
	// prev is the previous task, while it is on the CPU: no other CPU can run it yet
	// (task.on_cpu).
	prev    *task
	awaited bool // another CPU would have pulled it
	hrtick  ns   // delay of the timer to be armed; 0 is none
}

type switchStage uint8

const (
	notSwitching   switchStage = iota
	beforeSchedOut             // with the events of the previous task
	beforeSchedIn              // without events of tasks
)

// beginSwitch divides the cost of the switch that the CPU begins. A switch without
// events of tasks and without HRTICK needs no division.
func (k *kernel) beginSwitch(c *cpu, prev *task) {
	s, leaves := &c.switching, prev != nil && len(prev.sources) > 0
	if !leaves && len(c.cur.sources) == 0 && s.hrtick == 0 {
		c.setOwn(nil)
		return
	}
	s.stage, s.left = beforeSchedOut, 0
	if leaves {
		s.left = max(0, c.overhead-k.cost(costSwitchMM)-k.cost(costSwitchExit))
		s.prev = prev
		c.setOwn(prev.sources)
	}
}

// endStage ends the present stage of the switch.
func (k *kernel) endStage(c *cpu) {
	s := &c.switching
	if s.stage == beforeSchedOut {
		s.stage, s.left = beforeSchedIn, max(0, c.overhead-k.cost(costSwitchExit))
		c.schedOut(s.prev)
		s.prev = nil
		if s.awaited {
			s.awaited = false
			k.offerToIdle(c)
		}
		return
	}
	s.stage = notSwitching
	c.schedIn(c.cur)
	if s.hrtick > 0 {
		k.armHRTick(c, k.now+k.cost(costHRTickStart)+s.hrtick)
		s.hrtick = 0
	}
}

// offerToIdle lets idle CPUs pull a task that they could not have before: in a kernel
// they wait for the lock of the runqueue.
func (k *kernel) offerToIdle(from *cpu) {
	for _, c := range k.cpus {
		if c != from && c.idle() {
			k.sync(c)
			k.settle(c)
		}
	}
}

// onCPU reports whether the CPU still switches from the task. It records that another
// CPU asked.
func (c *cpu) onCPU(t *task) bool {
	if c.switching.prev != t {
		return false
	}
	c.switching.awaited = true
	return true
}

// spend counts CPU time within the switch.
func (s *switching) spend(d ns) {
	if s.on() {
		s.left -= d
	}
}

func (s *switching) on() bool { return s.stage != notSwitching }

// over reports whether the present stage has ended.
func (s *switching) over() bool { return s.on() && s.left == 0 }

// schedOut stops the events of a task on this CPU (perf_event_task_sched_out). An
// hrtimer event keeps the rest of its period (perf_swevent_cancel_hrtimer). A sample
// ends before: cpu.alone rests on that.
func (c *cpu) schedOut(t *task) {
	c.setOwn(nil)
	if t == nil {
		return
	}
	for _, s := range t.sources {
		if !s.nmi && s.on {
			s.left = s.next - c.at
		}
	}
}

// schedIn starts the events of a task on this CPU (perf_event_task_sched_in). An
// hrtimer that was due before its task was switched out waits for 10 us, one that
// was due just then for a whole period (perf_swevent_start_hrtimer).
func (c *cpu) schedIn(t *task) {
	c.setOwn(t.sources)
	for _, s := range c.own {
		switch {
		case s.throttled && c.restarts(s):
			c.unthrottle(s)
		case s.nmi:
		case s.left > 0:
			s.next = c.at + s.left
		case s.left == 0:
			s.next = c.at + s.period
		default:
			s.next = c.at + hrRestartLeft
		}
	}
}

// setOwn changes the events of tasks that sample the CPU.
func (c *cpu) setOwn(own []*source) {
	if c.inHandler() {
		panic("kernel: a switch within a sample")
	}
	c.own = own
}
