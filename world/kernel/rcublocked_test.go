package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// The order of blkd_tasks from head to tail, by the running grace periods and by the
// arrivals. n marks a task that blocks the normal grace period, e one that blocks the
// expedited one.
func TestSwitchedOutReadersAreQueuedAsTheKernelDoes(t *testing.T) {
	t.Parallel()
	type arrival struct {
		name    string
		gp, exp bool
	}
	for _, tt := range []struct {
		arrivals []arrival
		want     string
	}{
		{[]arrival{{"a", false, false}, {"b", false, false}}, "b a"},
		{[]arrival{{"a", true, false}, {"b", false, false}, {"c", true, false}}, "b an cn"},
		{[]arrival{{"a", true, false}, {"b", true, false}, {"c", true, false}}, "an cn bn"},
		// The first to block the normal one, while others block the expedited one: all
		// tasks behind it now block the normal one, even though they began later.
		{[]arrival{{"a", false, true}, {"b", false, false}, {"c", true, false}}, "cn bn ane"},
		// The first to block the expedited one goes to the tail, and so blocks the
		// normal one, even though it began after that.
		{[]arrival{{"a", true, false}, {"b", false, true}}, "an bne"},
		{[]arrival{{"a", true, true}, {"b", true, true}, {"c", false, true}}, "ane cne bne"},
	} {
		n := &rcuNode{}
		for _, a := range tt.arrivals {
			n.queue(&task{name: a.name}, a.gp, a.exp)
		}
		got := ""
		for i, r := range n.readers {
			if i > 0 {
				got += " "
			}
			got += r.name
			if r.rcu.blocksGP {
				got += "n"
			}
			if r.rcu.blocksExp {
				got += "e"
			}
		}
		if got != tt.want {
			t.Errorf("%v: %s, want %s", tt.arrivals, got, tt.want)
		}
	}
}

// A reader that is queued to block fewer grace periods than wait for its CPU is found, and
// one that is queued to block more, unless each place blocks more.
func TestReadersThatBlockTheWrongGracePeriodsAreFound(t *testing.T) {
	t.Parallel()
	type blocks struct{ gp, exp bool }
	neither, normal, expedited, both := blocks{}, blocks{gp: true}, blocks{exp: true}, blocks{true, true}
	for _, tt := range []struct {
		name  string
		was   tails
		owes  blocks
		given blocks
		want  trial.Oracle
	}{
		{"as the CPU owes", tails{-1, -1}, normal, normal, ""},
		{"not the normal one", tails{-1, -1}, both, expedited, trial.ReaderUnqueued},
		{"not the expedited one", tails{-1, -1}, both, normal, trial.ReaderUnqueued},
		{"both for nothing", tails{0, 0}, neither, both, trial.BlocksTooMuch},
		{"the expedited one, too, without readers before it", tails{-1, -1}, normal, both, trial.BlocksTooMuch},
		{"the expedited one, too, whose tail is shorter", tails{0, 1}, normal, both, trial.BlocksTooMuch},
		{"the expedited one, too, whose tail is as long", tails{1, 1}, normal, both, ""},
		{"the normal one, too, whose tail is shorter", tails{1, 0}, expedited, both, trial.BlocksTooMuch},
		{"the normal one, too, whose tail is longer", tails{0, 1}, expedited, both, ""},
		{"the normal one, too, as the first of the expedited one", tails{0, -1}, expedited, both, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			c := k.cpus[0]
			c.leaf.qsmask, c.leaf.expmask = 0, 0
			if tt.owes.gp {
				c.leaf.qsmask = c.bit
			}
			if tt.owes.exp {
				c.leaf.expmask = c.bit
			}
			k.checkQueued(c, &task{name: "reader", rcu: rcuTask{blocksGP: tt.given.gp, blocksExp: tt.given.exp}}, tt.was)
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
