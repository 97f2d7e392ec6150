package kernel

import "testing"

// The order of blkd_tasks, by what runs and what the task holds up: from the head
// to the tail, those that hold up the normal grace period with n, the expedited
// one with e.
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
		// The first to hold up the normal one, while some hold up the expedited
		// one: all behind it now hold up the normal one, late as they came.
		{[]arrival{{"a", false, true}, {"b", false, false}, {"c", true, false}}, "cn bn ane"},
		// The first to hold up the expedited one goes to the tail, and so holds up
		// the normal one that it came too late for.
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
