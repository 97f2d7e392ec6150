package workload

import "time"

// Module is a kernel module with an SRCU-fast domain of its own. A task loads it
// (init_srcu_struct), passes read-side critical sections, posts callbacks, and unloads
// it: srcu_barrier(), then cleanup_srcu_struct().
type Module struct {
	CPU int `yaml:"cpu,omitempty"` // of the task
	// Period is the time between an unloading and the next loading.
	Period time.Duration `yaml:"period"`
	// Section is the CPU time of its read-side critical section.
	Section time.Duration `yaml:"section"`
	// Callbacks is the number of call_srcu() callbacks that it posts.
	Callbacks int `yaml:"callbacks,omitempty"`
	// Expedited makes it wait for an expedited grace period before it unloads.
	Expedited bool `yaml:"expedited,omitempty"`
}

// Callbacks are the CPU times of callbacks, in addition to the cost of invoking one.
type Callbacks struct {
	RCU  time.Duration `yaml:"rcu,omitempty"`  // of call_rcu()
	SRCU time.Duration `yaml:"srcu,omitempty"` // of call_srcu() and call_rcu_tasks_trace()
}

// LoadDomain is the domain of a background load.
type LoadDomain string

// The domains.
const (
	VanillaRCU       LoadDomain = ""
	TracepointDomain LoadDomain = "tracepoint"
	TasksTraceDomain LoadDomain = "tasks-trace"
)

const (
	maxModules    = 8
	maxCallbacks  = 1000
	maxCallbackOf = time.Second
)

func (c *checker) modules(modules []Module) {
	c.few("modules", len(modules), maxModules)
	for i := range modules {
		m, path := &modules[i], index("modules", i)
		c.cpu(path+".cpu", m.CPU)
		c.span(path+".period", m.Period, 10*time.Microsecond, maxWait)
		c.span(path+".section", m.Section, 100*time.Nanosecond, maxWait)
		within(c, path+".callbacks", m.Callbacks, 0, maxCallbacks)
	}
}
