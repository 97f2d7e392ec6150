package kernel

import "testing"

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
