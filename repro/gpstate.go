package repro

import (
	"slices"
	"strconv"
	"strings"
)

// GPState is what RCU shows of its grace-period kthread (kernel/rcu/tree_stall.h,
// show_rcu_gp_kthreads): if a grace period does not begin, if callbacks flood, if the
// writer of rcutorture stalls, or on request.
type GPState struct {
	Where
	Flavor   string `json:"flavor"`
	State    string `json:"gp_state"`
	Runnable bool   `json:"runnable"` // the kthread is runnable, not asleep
	// Jiffies since the grace period began, since the kthread was active, and since the
	// last request for a grace period; 0 if the line does not contain it.
	Start    uint64 `json:"jiffies_since_start,omitempty"`
	Activity uint64 `json:"jiffies_since_activity"`
	Request  uint64 `json:"jiffies_since_request"`
	// Seq is the sequence number; its lower two bits are 0 between grace periods.
	Seq    int64    `json:"gp_seq"`
	Needed int64    `json:"gp_seq_needed"`
	Nodes  []GPNode `json:"nodes,omitempty"`
}

// GPNode is an rcu_node that is not done.
type GPNode struct {
	Line  int    `json:"line"`
	Low   int    `json:"low"`
	High  int    `json:"high"`
	Mask  uint64 `json:"qsmask"`
	Tasks bool   `json:"tasks,omitempty"` // preempted readers block it
}

// gpState reads a line about the state of the grace-period kthread.
func (c *collector) gpState(e *entry) bool {
	f := c.facts
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(e.text), "rcu:"))
	if strings.HasPrefix(text, "WARNING: ") && strings.Contains(text, " rcu_check_gp_start_stall+0x") && f.NotBegun == 0 {
		f.NotBegun = e.line // and it is a line of a warning, too
		return false
	}
	if flavor, rest, ok := strings.Cut(text, ": wait state: "); ok && strings.HasPrefix(flavor, "rcu_") {
		g, ok := newGPState(rest)
		if !ok {
			return false
		}
		g.Where, g.Flavor = e.where(), name(flavor)
		f.GPStates = append(f.GPStates, g)
		return true
	}
	if cpu, ok := strings.CutPrefix(text, "RCU GP kthread last ran on offline CPU "); ok && len(f.Starved) > 0 {
		if k := f.Starved[len(f.Starved)-1]; cpu == strconv.Itoa(k.CPU)+"." {
			k.Offline = e.line
			return true
		}
		return false
	}
	if age, ok := strings.CutPrefix(text, "rcu_fwd_progress_check: GP age "); ok {
		_, unit, _ := strings.Cut(age, " ")
		return unit == "jiffies"
	}
	if len(f.GPStates) == 0 {
		return false
	}
	if rest, ok := strings.CutPrefix(text, "rcu_node "); ok {
		g := f.GPStates[len(f.GPStates)-1]
		n, ok := gpNode(rest)
		if n.Line = e.line; ok && (n.Mask != 0 || n.Tasks) && len(g.Nodes) < maxSuspects {
			g.Nodes = append(g.Nodes, n)
		}
		return ok
	}
	for _, begin := range []string{"cpu ", "CB ", "nocb GP ", "RCU callbacks invoked since boot: ", "rcu_tasks: RTGS_", "rcu_tasks_rude: RTGS_", "rcu_tasks_trace: RTGS_"} {
		if strings.HasPrefix(text, begin) {
			return begin != "cpu " || strings.Contains(text, " ->gp_seq_needed ")
		}
	}
	return false
}

// newGPState reads "RCU_GP_WAIT_GPS(1) ->state: 0x402 delta ->gp_activity 7 ...". Releases
// differ in the fields.
func newGPState(text string) (*GPState, bool) {
	state, rest, ok := strings.Cut(text, "(")
	if !ok || !strings.HasPrefix(state, "RCU_GP_") {
		return nil, false
	}
	g := &GPState{State: name(state)}
	ages := map[string]*uint64{"->gp_start": &g.Start, "->gp_activity": &g.Activity, "->gp_req_activity": &g.Request}
	numbers := map[string]*int64{"->gp_seq": &g.Seq, "->gp_seq_needed": &g.Needed}
	found := 0
	fields := strings.Fields(rest)
	for i, key := range fields[:max(0, len(fields)-1)] {
		key, value := strings.TrimSuffix(key, ":"), fields[i+1]
		var err error
		if age := ages[key]; age != nil {
			*age, err = strconv.ParseUint(value, 10, 64)
		} else if number := numbers[key]; number != nil {
			*number, err = strconv.ParseInt(value, 10, 64)
		} else if key == "->state" {
			var bits uint64
			bits, err = strconv.ParseUint(value, 0, 64)
			g.Runnable = bits == 0 || bits == taskWaking
		} else {
			continue
		}
		if err != nil {
			return nil, false
		}
		if key != "->state" && key != "->gp_start" { // of the other four, every release prints each
			found++
		}
	}
	return g, found == 4
}

// gpNode reads "0:15 ->gp_seq 20577 ->gp_seq_needed 20580 ->qsmask 0x2 ...G ->n_boosts 0".
func gpNode(text string) (n GPNode, ok bool) {
	fields := strings.Fields(text)
	if len(fields) < 5 {
		return n, false
	}
	low, high, _ := strings.Cut(fields[0], ":")
	var errs [3]error
	n.Low, errs[0] = strconv.Atoi(low)
	n.High, errs[1] = strconv.Atoi(high)
	for i, key := range fields[:len(fields)-1] {
		if key == "->qsmask" {
			n.Mask, errs[2] = strconv.ParseUint(fields[i+1], 0, 64)
			n.Tasks = i+2 < len(fields) && len(fields[i+2]) == 4 && fields[i+2][3] == 'G'
		}
	}
	return n, errs == [3]error{}
}

// active reports whether a grace period was in progress.
func (g *GPState) active() bool { return g.Seq&3 != 0 }

// blockers returns the CPUs that owe a quiescent state, from the leaf nodes, and whether
// preempted readers block a node.
func (g *GPState) blockers() (cpus []int, tasks bool) {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		tasks = tasks || n.Tasks
		inner := func(o GPNode) bool {
			return o.Mask != 0 && o.Low >= n.Low && o.High <= n.High && o.High-o.Low < n.High-n.Low
		}
		if slices.ContainsFunc(g.Nodes, inner) {
			continue // its bits are those of nodes below it
		}
		for bit := range 64 {
			if n.Mask&(1<<bit) != 0 && n.Low+bit <= n.High {
				cpus = append(cpus, n.Low+bit)
			}
		}
	}
	return cpus, tasks
}

// stuck returns the first state of a grace period that does not make progress: it is
// asked for and does not begin, or its kthread is silent.
func (f *Facts) stuck() *GPState {
	for _, g := range f.GPStates {
		switch {
		case !g.active() && g.Needed > g.Seq && (f.NotBegun > 0 || g.Request > 1000):
			return g
		case g.active() && g.Start > 100 && g.Activity > g.Start/2:
			return g
		}
	}
	return nil
}

// gpKthread links the state of a grace period that no report of a stall is about.
func (c *chain) gpKthread() {
	f := c.f
	if len(f.Stalls)+len(f.Starved)+len(f.Timers) > 0 {
		return
	}
	g := f.stuck()
	if g == nil {
		if f.NotBegun > 0 {
			c.kind("rcu")
			c.link(f.NotBegun, "an RCU grace period was asked for and did not begin")
		}
		return
	}
	c.kind("rcu")
	ready := "asleep"
	if g.Runnable {
		ready = "ready to run and not running"
	}
	if !g.active() {
		c.link(g.Line, "an RCU grace period was asked for %d jiffies ago%s and has not begun: its kthread was last active %d jiffies ago, and was %s", g.Request, f.inSeconds(g.Request), g.Activity, ready)
		c.unknown("why the grace-period kthread did not take the request: no report shows its stack")
		return
	}
	c.link(g.Line, "the RCU grace period was %d jiffies old%s, and its kthread was last active %d jiffies ago, and was %s", g.Start, f.inSeconds(g.Start), g.Activity, ready)
	cpus, tasks := g.blockers()
	if len(cpus) > 0 {
		c.link(g.Nodes[0].Line, "it waited for %s", blockers(cpus, nil))
	}
	if tasks {
		c.link(g.Nodes[0].Line, "it waited for readers that were preempted")
		c.unknown("which readers they were: the state of the nodes does not name them")
	}
}
