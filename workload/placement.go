package workload

import "fmt"

// Placement assigns CPUs to kernel threads and tasks.
type Placement struct {
	// Isolated CPUs (isolcpus=) run only tasks and closers that are bound to them,
	// and no kernel threads.
	Isolated []int `yaml:"isolated,omitempty,flow"`
	// GP and Exp are the CPUs of the kthreads of normal (rcu_preempt, rcu_sched)
	// and of expedited grace periods (rcu_exp_gp_kthread_worker); empty means every
	// CPU that is not isolated.
	GP  []int `yaml:"gp,omitempty,flow"`
	Exp []int `yaml:"exp,omitempty,flow"`
	// RCUO are the CPUs of the kthreads of offloaded callbacks (rcuog, rcuo); empty
	// means every CPU that is not isolated.
	RCUO []int `yaml:"rcuo,omitempty,flow"`
	// Workers are the CPUs whose pools execute work from other CPUs; if empty, each
	// CPU executes its own, as on a per-CPU workqueue.
	Workers []int `yaml:"workers,omitempty,flow"`
}

// clone copies the lists.
func (p Placement) clone() Placement {
	for _, list := range []*[]int{&p.Isolated, &p.GP, &p.Exp, &p.RCUO, &p.Workers} {
		*list = append([]int(nil), *list...)
	}
	return p
}

func (c *checker) placement(p *Placement) {
	c.cpuList("placement.isolated", p.Isolated)
	if n := len(p.Isolated); n > 0 && n >= c.cpus {
		c.fail("placement.isolated", fmt.Sprintf("%d CPUs", n), fmt.Sprintf("want at most %d, so that one remains", c.cpus-1))
	}
	c.cpuList("placement.gp", p.GP)
	c.cpuList("placement.exp", p.Exp)
	c.cpuList("placement.rcuo", p.RCUO)
	c.cpuList("placement.workers", p.Workers)
}
