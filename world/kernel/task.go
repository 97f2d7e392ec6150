package kernel

import (
	"iter"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// task is a thread of the virtual kernel.
type task struct {
	k    *kernel
	name string
	pid  int

	state    taskState
	cpu      *cpu // where it runs, is queued, or ran last
	allowed  uint32
	prio     int // real-time priority; 0 is a fair task
	kernel   bool
	woken    bool // and not switched to since
	vruntime ns
	deadline ns // in virtual runtime
	lag      ns // owed when it went to sleep
	pickedAt ns
	switches uint64 // nvcsw + nivcsw
	// voluntary counts what is a quiescent state of RCU tasks: sleeps (nvcsw), and
	// ticks in user mode.
	voluntary uint64
	hung      hungState

	left    ns      // CPU time until its program is stepped
	prog    program // what it executes
	loop    *loop   // set if the program is a reader's endless loop
	sources []*source
	rcu     rcuTask
	pool    *pool // set for workers
	item    *work // what a worker is executing

	where      where  // what it sleeps in
	role       role   // on a chain of waits
	family     string // the group of which causes name it: the scenario's, or the pool's
	group      string // of the scenario
	leader     *task  // the first of its group
	asleep     ns     // since
	watched    bool   // on a chain of waits, when it was last followed
	quiet      bool   // its steps set kernel.moved themselves where they change such a chain
	waitingOn  *mutex
	waitDomain *domain
	waitWork   *work
	waitFrom   gpCounts    // what the domain had had when the wait began
	waitCookie srcu.Cookie // what it polls
	closing    *closing
	wakeGen    uint32 // invalidates timeouts of earlier sleeps
	timedOut   bool
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

// demand is what a program does next: it uses CPU time, or sleeps.
type demand struct {
	state taskState // running: CPU time; else sleep in that state
	work  ns
	sleep ns     // hrtimer sleep if > 0
	ticks uint64 // wheel timeout in jiffies if > 0
}

func use(d ns) demand                         { return demand{state: running, work: d} }
func sleepIn(s taskState) demand              { return demand{state: s} }
func sleepTicks(s taskState, j uint64) demand { return demand{state: s, ticks: j} }

// program is the code a task executes: step is called whenever the CPU time of
// its last demand has been spent, or it has been woken.
type program interface {
	step(t *task) demand
}

// stepFunc is a program written as a state machine.
type stepFunc func(t *task) demand

func (f stepFunc) step(t *task) demand { return f(t) }

// progress spends CPU time of the task itself.
func (t *task) progress(d ns) {
	if t.left < never {
		t.left -= d
	}
	if t.loop != nil {
		t.loop.pass(d)
	}
}

// coroutine is a program in direct style: a function that asks for CPU time
// and sleeps by calling methods of its task. It is made when first stepped:
// most idle workers never are.
type coroutine struct {
	k     *kernel
	body  func(t *task)
	next  func() (demand, bool)
	stop  func()
	yield func(demand) bool
}

// stopped unwinds a coroutine whose trial is over.
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

// ask hands a demand to the scheduler and returns when it has been met.
func (t *task) ask(d demand) {
	if !t.prog.(*coroutine).yield(d) {
		panic(stopped{})
	}
}

// use spends CPU time. Direct style only.
func (t *task) use(instructions int) { t.ask(use(t.k.cost(instructions))) }

// sleepUntil sleeps in the given state and place until cond holds; whoever
// makes it true must wake the task.
func (t *task) sleepUntil(s taskState, w where, cond func() bool) {
	for !cond() {
		t.where = w
		t.ask(sleepIn(s))
	}
	t.where = nowhere
}

// sleep is one sleep of a task, for the timer that ends it.
type sleep struct {
	task *task
	gen  uint32
}

// over reports whether the sleep is still to be ended, and notes that it was
// by its timer.
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
		k.agenda.push(c.timerLost, eventTarget{sleep: s})
		return
	}
	if s.over() {
		s.task.cpu.arrive(irq{kind: irqWake, task: s.task})
	}
}

// completion is what one task waits for and others complete.
type completion struct {
	done    bool
	waiters []*task
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
	c.waiters = append(c.waiters, t)
	t.sleepUntil(blocked, w, func() bool { return c.done })
}

// mutex is a sleeping lock, handed over in the order of arrival.
type mutex struct {
	name    string
	owner   *task
	waiters []*task
}

func (t *task) lock(m *mutex) {
	if m.owner == nil {
		m.owner = t
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
		m.owner = m.waiters[0]
		m.waiters = m.waiters[1:]
		t.k.wake(m.owner)
	}
}

// spawn makes a task and its program; it does not start until woken.
func (k *kernel) spawn(name string, allowed uint32, p program) *task {
	k.lastPID++
	t := &task{k: k, name: name, pid: k.lastPID, state: sleeping, allowed: allowed, kernel: true}
	t.cpu = k.firstAllowed(allowed, k.lastPID)
	t.prog = p
	k.tasks = append(k.tasks, t)
	return t
}

func (k *kernel) firstAllowed(mask uint32, from int) *cpu {
	for i := range k.cpus {
		c := k.cpus[(from+i)%len(k.cpus)]
		if mask&(1<<c.id) != 0 {
			return c
		}
	}
	panic("kernel: a task without a CPU")
}

func cpuMask(cpus []int, n int) uint32 {
	if len(cpus) == 0 {
		return 1<<n - 1
	}
	var m uint32
	for _, c := range cpus {
		m |= 1 << c
	}
	return m
}
