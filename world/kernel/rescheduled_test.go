package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// A request to switch tasks that is not made, or not sent, is found where it should be.
func TestRequestsToSwitchThatAreNotMadeAreFound(t *testing.T) {
	t.Parallel()
	// woken wakes a task with a priority beside one with another, on a CPU that executes no
	// code now, after a request, and leaves a request and a number of interrupts sent.
	woken := func(prio, cur int, before, after resched, sent uint64) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.cur = &task{k: k, name: "cur", prio: cur, state: running}
			c.resched = before
			was := c.request()
			c.resched, c.kicks = after, c.kicks+sent
			k.checkPreempts(c, &task{k: k, name: "woken", prio: prio}, was)
		}
	}
	idle := func(sent uint64) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.cur = nil
			was := c.request()
			c.resched, c.kicks = hardResched, c.kicks+sent
			k.checkPreempts(c, &task{k: k, name: "woken"}, was)
		}
	}
	waiting := func(prio int, r resched, serves bool) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.cur, c.resched, c.server.serves = &task{k: k, name: "cur"}, r, serves
			c.rt = []*task{{k: k, name: "first", prio: prio}}
			k.checkWaiting(c)
		}
	}
	picked := func(prio int, serves bool) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.rt, c.server.serves = []*task{{k: k, name: "first", prio: 2}}, serves
			k.checkPicked(c, &task{k: k, name: "next", prio: prio})
		}
	}
	// elsewhere queues a task on another CPU, with an affinity.
	elsewhere := func(allowed int, leaving bool) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			w := &task{k: k, name: "waits", allowed: only(allowed)}
			o := k.cpus[0]
			o.fair = []*task{w}
			if leaving {
				o.switching.prev = w
			}
			k.checkNothingToPull(c)
		}
	}
	placed := func(allowed int) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			k.cpus[0].cur = &task{k: k}
			k.checkWokenOn(k.cpus[0], &task{k: k, name: "woken", allowed: only(allowed)})
		}
	}
	// lazy leaves a lazy request at two ticks. A function comes between them.
	lazy := func(over, queued bool, between func(*task)) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.cur = &task{k: k, name: "cur", state: running}
			for range 2 {
				c.resched = lazyResched
				if k.now = k.slice - 1; over {
					k.now++
				}
				if c.fair = nil; queued {
					c.fair = []*task{{k: k, name: "waits"}}
				}
				k.checkHardened(c)
				between(c.cur)
			}
		}
	}
	nothing := func(*task) {}
	for _, tt := range []struct {
		name string
		act  func(*kernel, *cpu)
		want trial.Oracle
	}{
		{"a higher priority, asked and sent", woken(1, 0, noResched, hardResched, 1), ""},
		{"a higher priority, asked before", woken(1, 0, hardResched, hardResched, 0), ""},
		{"a higher priority, not asked", woken(1, 0, noResched, noResched, 0), trial.NotRescheduled},
		{"a higher priority, asked lazily", woken(2, 1, noResched, lazyResched, 0), trial.NotRescheduled},
		{"a higher priority, not sent", woken(1, 0, noResched, hardResched, 0), trial.NotRescheduled},
		{"the same priority, not asked", woken(1, 1, noResched, noResched, 0), ""},
		{"an idle CPU, sent", idle(1), ""},
		{"an idle CPU, not sent", idle(0), trial.NotRescheduled},
		{"a tick that finds a higher priority and a request", waiting(1, hardResched, false), ""},
		{"a tick that finds a higher priority", waiting(1, lazyResched, false), trial.NotRescheduled},
		{"a tick while the fair server serves", waiting(1, noResched, true), ""},
		{"the highest priority is picked", picked(2, false), ""},
		{"a lower priority is picked", picked(1, false), trial.NotRescheduled},
		{"a fair task is picked", picked(0, false), trial.NotRescheduled},
		{"a fair task is picked by the server", picked(0, true), ""},
		{"a real-time task is picked by the server", picked(1, true), trial.NotRescheduled},
		{"idle while a task waits that may come", elsewhere(1, false), trial.NotRescheduled},
		{"idle while a task waits that may not come", elsewhere(0, false), ""},
		{"idle while a task is switched out elsewhere", elsewhere(1, true), ""},
		{"a lazy request at two ticks", lazy(true, true, nothing), trial.NotRescheduled},
		{"a lazy request at two ticks of a slice", lazy(false, true, nothing), ""},
		{"a lazy request at two ticks with an empty queue", lazy(true, false, nothing), ""},
		{"a lazy request at a tick of each of two turns", lazy(true, true, func(t *task) { t.pickedAt-- }), ""},
		{"woken on a busy CPU beside an idle one", placed(1), trial.NotRescheduled},
		{"woken on the busy CPU of its affinity", placed(0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			tt.act(k, k.cpus[1])
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
