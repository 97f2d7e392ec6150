package kernel

import (
	"iter"
	"slices"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// task is a thread of the virtual kernel.
type task struct {
	// What every switch and tick uses lies side by side: with many tasks, these are the
	// cache lines that are missed.
	pid      int
	cpu      *cpu // where it runs, is queued, or ran last
	prio     int  // real-time priority; 0 for a fair task
	vruntime ns
	deadline ns // in virtual runtime
	pickedAt ns
	loop     *loop // set if the program is a reader's endless loop
	state    taskState
	woken    bool // woken, and not switched to since
	watched  bool // it was on a chain of waits when that was last followed
	quiet    bool // its steps set kernel.moved themselves when they change such a chain
	left     ns   // CPU time until its program is stepped
	rcu      rcuTask
	sources  []*source // of its own
	switches uint64    // nvcsw + nivcsw
	joined   uint64    // its number among those that joined the queue of fair tasks
	prog     program   // the code that it executes
	allowed  cpuSet
	pinned   bool // to a single CPU
	kernel   bool

	k    *kernel
	name string
	// protected is the virtual runtime until which no fair task preempts this one, with
	// HRTICK.
	protected ns
	lag       ns // lag at the start of its sleep
	// voluntary counts the quiescent states of RCU tasks: sleeps (nvcsw) and ticks in
	// user mode.
	voluntary uint64
	hung      hungState
	pool      *pool // set for workers
	item      *work // the item that a worker executes

	where      where  // the place in which it sleeps
	role       role   // its role on a chain of waits
	family     string // its group's name in causes: the scenario's group, or the pool
	group      string // of the scenario
	leader     *task  // the first of its group
	asleep     ns     // start of its sleep
	waitingOn  *mutex
	arrival    uint64 // its number in the queue of the lock that it takes
	waitDomain *domain
	waitWork   *work
	waitFrom   gpCounts    // the domain's count at the start of the wait
	waitMark   *rcuMark    // the grace periods of that callback, or of synchronize_rcu()
	waitCookie srcu.Cookie // the cookie that it polls
	closing    *closing
	wakeGen    uint32 // invalidates timeouts of earlier sleeps
	postedOn   *cpu   // of the RCU callback that it waits for
	timedOut   bool
	atomic     bool // it must not sleep
	chain      int  // see unneeded.go
	wakeups    uint64
}

// fifo reports whether the task is SCHED_FIFO.
func (t *task) fifo() bool { return t.prio > 0 }

type taskState byte

const (
	running  taskState = 'R' // running or runnable
	sleeping taskState = 'S'
	blocked  taskState = 'D'
	idling   taskState = 'I'
	exited   taskState = 'X'
)

// demand is the next request of a program: CPU time, or a sleep.
type demand struct {
	state taskState // running: CPU time; else sleep in that state
	work  ns
	sleep ns     // hrtimer sleep if > 0
	ticks uint64 // wheel timeout in jiffies if > 0
}

func use(d ns) demand                         { return demand{state: running, work: d} }
func sleepIn(s taskState) demand              { return demand{state: s} }
func sleepTicks(s taskState, j uint64) demand { return demand{state: s, ticks: j} }

// program is the code of a task. step is called when the CPU time of its last demand
// has been spent, or when the task has been woken.
type program interface {
	step(t *task) demand
}

// stepFunc is a program written as a state machine.
type stepFunc func(t *task) demand

func (f stepFunc) step(t *task) demand { return f(t) }

// progress spends CPU time in the task itself.
func (t *task) progress(d ns) {
	if t.left < never {
		t.left -= d
	}
	if t.loop != nil {
		t.loop.pass(d)
	}
}

// coroutine is a program in direct style: a function that requests CPU time and
// sleeps by calling methods of its task. It is created at its first step, since most
// idle workers never run.
type coroutine struct {
	k     *kernel
	body  func(t *task)
	next  func() (demand, bool)
	stop  func()
	yield func(demand) bool
}

// stopped is the panic value that ends a coroutine after its trial.
type stopped struct{}

func (k *kernel) direct(body func(t *task)) program { return &coroutine{k: k, body: body} }

func (co *coroutine) begin(t *task) {
	co.next, co.stop = iter.Pull(func(yield func(demand) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(stopped); !ok {
					panic(r)
				}
			}
		}()
		co.yield = yield
		co.body(t)
	})
	co.k.coroutines = append(co.k.coroutines, co)
}

func (co *coroutine) step(t *task) demand {
	if co.next == nil {
		co.begin(t)
	}
	d, ok := co.next()
	if !ok {
		return demand{state: exited}
	}
	return d
}

// ask passes a demand to the scheduler and returns when it has been met.
func (t *task) ask(d demand) {
	if !t.prog.(*coroutine).yield(d) {
		panic(stopped{})
	}
}

// use spends CPU time. Direct style only.
func (t *task) use(instructions int) { t.ask(use(t.k.cost(instructions))) }

// sleepUntil sleeps in the given state and place until cond holds. The code that
// makes cond true must wake the task.
func (t *task) sleepUntil(s taskState, w where, cond func() bool) {
	for !cond() {
		t.where = w
		t.ask(sleepIn(s))
	}
	t.where = nowhere
}

// sleep identifies one sleep of a task for the timer that ends it.
type sleep struct {
	task *task
	gen  uint32
}

// over reports whether the sleep still has to be ended, and records that its timer
// ended it.
func (s sleep) over() bool {
	if s.task.wakeGen != s.gen || s.task.state == running {
		return false
	}
	s.task.timedOut = true
	return true
}

// sleepOver is the hrtimer of a sleeping task: an interrupt wakes it.
func (k *kernel) sleepOver(s sleep) {
	if c := s.task.cpu; c.timerLost > k.now {
		k.agenda.push(c.timerLost, eventTarget{task: s.task, gen: s.gen})
		return
	}
	if s.over() {
		s.task.cpu.arrive(irq{kind: irqWake, task: s.task})
	}
}

// completion is a wait of one task that other tasks complete.
type completion struct {
	done    bool
	waiters []*task
	first   [1]*task // the space for the waiter of one that has no other
}

func (k *kernel) complete(c *completion) {
	c.done = true
	for _, t := range c.waiters {
		k.wake(t)
	}
	c.waiters = c.waiters[:0]
}

// wait blocks in D state until the completion is done.
func (t *task) wait(c *completion, w where) {
	if c.done {
		return
	}
	if c.waiters == nil {
		c.waiters = c.first[:0]
	}
	c.waiters = append(c.waiters, t)
	t.sleepUntil(blocked, w, func() bool { return c.done })
}

// mutex is a sleeping lock, passed on in order of arrival.
type mutex struct {
	name    string
	owner   *task
	waiters []*task
	turns   turns
}

func (t *task) lock(m *mutex) {
	t.arrival = m.turns.arrive()
	if m.owner == nil {
		m.owner = t
		t.checkTaken(m)
		return
	}
	m.waiters = append(m.waiters, t)
	t.k.moved = true
	t.waitingOn = m
	t.sleepUntil(blocked, inMutex, func() bool { return m.owner == t })
	t.waitingOn = nil
}

func (t *task) unlock(m *mutex) {
	if m.owner != t {
		t.k.violate(trial.ForeignUnlock, "%s unlocks %s, which it does not hold", t.name, m.name)
		return
	}
	m.owner = nil
	if len(m.waiters) > 0 {
		next := 0
		if !t.k.decision(LockInOrder, t.cpu.id, true) {
			next = len(m.waiters) - 1
		}
		m.owner = m.waiters[next]
		m.waiters = slices.Delete(m.waiters, next, next+1)
		m.owner.checkTaken(m)
		t.k.wake(m.owner)
	}
}

// spawn creates a task with its program. The task does not start until it is woken.
func (k *kernel) spawn(name string, allowed cpuSet, p program) *task {
	k.lastPID++
	t := &task{k: k, name: name, pid: k.lastPID, state: sleeping, allowed: allowed, pinned: allowed.size() == 1, kernel: true}
	t.cpu = k.firstAllowed(allowed, k.lastPID)
	t.prog = p
	k.tasks = append(k.tasks, t)
	return t
}

func (k *kernel) firstAllowed(mask cpuSet, from int) *cpu {
	for i := range k.cpus {
		c := k.cpus[(from+i)%len(k.cpus)]
		if mask.has(c.id) {
			return c
		}
	}
	panic("kernel: a task without a CPU")
}
