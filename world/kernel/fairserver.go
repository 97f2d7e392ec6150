package kernel

// fairServer is the deadline server of fair tasks since 6.12 (fair_server,
// kernel/sched/deadline.c): fair tasks get 50 ms of each second even beside real-time
// tasks that never sleep. The server waits until the last moment at which the budget
// still fits into its period. Time that fair tasks get without it counts.
//
// The model checks it in ticks; the kernel has a timer of its own.
type fairServer struct {
	since   ns   // start of its period
	left    ns   // rest of its budget
	serves  bool // fair tasks run before real-time ones
	running bool // it has served, and does not wait in the next period
}

// Defaults of /sys/kernel/debug/sched/fair_server.
const (
	serverPeriod ns = 1_000_000_000
	serverBudget ns = 50_000_000
)

// start is dl_server_start: a fair task arrives on a CPU without any.
func (s *fairServer) start(now ns) {
	s.serves, s.running = false, false
	if now-s.since >= serverPeriod || s.left <= 0 {
		s.since, s.left = now, serverBudget
	}
}

// fairFirst reports whether fair tasks run before real-time ones.
func (c *cpu) fairFirst() bool { return c.server.serves }

// serveFair is the server's part of a tick.
func (k *kernel) serveFair(c *cpu) {
	s := &c.server
	if bool(k.sc.Machine.NoFairServer) || s.left > 0 && (len(c.fair) == 0 || s.serves || c.cur == nil || !c.cur.fifo()) {
		return // nothing to renew, no task to serve
	}
	if s.left <= 0 { // dl_runtime_exceeded
		s.left = serverBudget
		if s.serves {
			s.since, s.running = max(s.since+serverPeriod, k.now), true
		} else {
			s.since, s.running = k.now, false
		}
		s.serves = false
	}
	due := s.since
	if !s.running {
		due += serverPeriod - s.left // the zero-laxity point
	}
	if !s.serves && k.now >= due && len(c.fair) > 0 && c.cur != nil && c.cur.fifo() {
		s.serves = true
		c.resched = hardResched
	}
}
