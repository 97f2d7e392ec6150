package trial

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A cause has one form in JSON and one in words, and neither changes.
func TestCauseInJSONAndInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cause       Cause
		json, words string
	}{
		{Cause{Mechanism: CloserRuns}, `{"mechanism":"closer-runs"}`, "close() itself"},
		{
			Cause{Behind: true, Domain: "tracepoint_srcu", Phase: Scan1, RCU: NormalRCU, Mechanism: ReaderQueued, Task: "thread-3", Group: "thread"},
			`{"behind":true,"domain":"tracepoint_srcu","phase":"scan-1","rcu":"normal","mechanism":"reader-queued","task":"thread-3","group":"thread"}`,
			"event_mutex, behind another close() > tracepoint_srcu > scan 1 > RCU > thread-3 > preempted reader waits for a CPU",
		},
		{
			Cause{Domain: "tracepoint_srcu", Phase: Scan2, Poll: true, RCU: ExpeditedRCU, Mechanism: ExpNotAnswered, CPU: OnCPU(0)},
			`{"domain":"tracepoint_srcu","phase":"scan-2","poll":true,"rcu":"expedited","mechanism":"exp-ipi-not-answered","cpu":0}`,
			"tracepoint_srcu > scan 2 > polls a cookie > RCU, expedited > CPU 0 > expedited IPI not answered",
		},
		{Cause{RCU: NormalRCU, Mechanism: ReaderRuns, Group: "thread"}, `{"rcu":"normal","mechanism":"reader-runs","group":"thread"}`, "RCU > readers thread > preempted reader executes"},
		{Cause{}, `{}`, ""},
	} {
		b, err := json.Marshal(c.cause)
		if err != nil || string(b) != c.json {
			t.Errorf("written as %s, %v; want %s", b, err, c.json)
		}
		var back Cause
		if err := json.Unmarshal([]byte(c.json), &back); err != nil || back != c.cause {
			t.Errorf("%s: read as %+v, %v", c.json, back, err)
		}
		if got := c.cause.Text(); got != c.words {
			t.Errorf("in words %q, want %q", got, c.words)
		}
		if p := c.cause.Prefixes(); len(p) != len(c.cause.Path()) || len(p) > 0 && p[len(p)-1] != c.cause {
			t.Errorf("%q: prefixes %+v", c.words, p)
		}
	}
}

func TestUnknownNamesInACauseAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ json, want string }{
		{`{"mechanism":"bad luck"}`, `mechanism: "bad luck": want the name of one, such as reader-queued`},
		{`{"phase":"scan-3"}`, `phase: scan-3: want before, scan-1, scan-2, callbacks`},
		{`{"rcu":"slow"}`, `rcu: slow: want normal, expedited`},
		{`{"cpu":-1}`, "cpu: -1: want the number of a CPU"},
	} {
		var got Cause
		if err := json.Unmarshal([]byte(c.json), &got); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.json, err, c.want)
		}
	}
}

// Every mechanism has a name and a phrase of its own.
func TestMechanismsAreToldApart(t *testing.T) {
	t.Parallel()
	var all []Mechanism
	for m := CloserRuns; m < MechanismWaits; m++ {
		all = append(all, m)
	}
	for m := MutexUnowned; m <= CircleOfWaits; m++ {
		all = append(all, m)
	}
	all = append(all, OtherCauses)
	seen := map[string]bool{}
	for _, m := range all {
		var back Mechanism
		if err := back.UnmarshalText([]byte(m.String())); m.String() == "" || m.phrase() == "" || err != nil || back != m || seen[m.String()] || seen[m.phrase()] {
			t.Errorf("mechanism %d: %q, %q, %v", m, m, m.phrase(), err)
		}
		seen[m.String()], seen[m.phrase()] = true, true
	}
	if len(all) != len(mechanisms) {
		t.Errorf("%d mechanisms, %d have names", len(all), len(mechanisms))
	}
}

func TestTheLargestCauseAddsUpWhatEndsAlike(t *testing.T) {
	t.Parallel()
	reader := func(domain string, phase Phase, task string) Cause {
		return Cause{Domain: domain, Phase: phase, RCU: NormalRCU, Mechanism: ReaderQueued, Task: task, Group: "thread"}
	}
	a, b := reader("tracepoint_srcu", Scan1, "thread-1"), reader("rcu_tasks_trace_srcu_struct", Scan2, "thread-2")
	shares := []Share{
		{Cause: Cause{RCU: NormalRCU, Mechanism: KthreadQueued}, Wait: 5 * time.Second},
		{Cause: a, Wait: 3 * time.Second}, {Cause: b, Wait: 4 * time.Second},
	}
	if got, ok := Largest(shares); !ok || got != b {
		t.Errorf("got %+v, %t; want the larger of the two readers", got, ok)
	}
	if got, ok := Largest(nil); ok {
		t.Errorf("got %+v where nothing was waited for", got)
	}
}

// A signature contains no number.
func TestSignatureIsTheSameWhateverTheNumbers(t *testing.T) {
	t.Parallel()
	starved := func(change func(*Cause)) Result {
		c := Cause{Domain: "tracepoint_srcu", Phase: Scan1, RCU: NormalRCU, Mechanism: ReaderQueued, Task: "thread-3", Group: "thread"}
		change(&c)
		return Result{Diagnosis: Starved, Cause: &c}
	}
	circle := func(names ...string) Result {
		r := Result{Diagnosis: Deadlock, Cause: &Cause{Mechanism: CircleOfWaits}}
		for _, n := range names {
			group, _, numbered := strings.Cut(n, "-")
			if !numbered {
				group = ""
			}
			r.Circle = append(r.Circle, Link{Name: n, Group: group})
		}
		return r
	}
	unsafe := func(o Oracle, detail string) Result {
		return Result{Diagnosis: Unsafe, Violations: []Violation{{Oracle: NeverUnthrottled}, {Oracle: o, Detail: detail, Unsafe: true}}}
	}
	for _, c := range []struct {
		name string
		a, b Result
		same bool
	}{
		{"another task, phase, domain and mutex", starved(func(*Cause) {}), starved(func(c *Cause) {
			c.Task, c.Phase, c.Domain, c.Behind = "thread-9", Scan2, "rcu_tasks_trace_srcu_struct", true
		}), true},
		{"another group", starved(func(*Cause) {}), starved(func(c *Cause) { c.Group = "other" }), false},
		{"expedited", starved(func(*Cause) {}), starved(func(c *Cause) { c.RCU = ExpeditedRCU }), false},
		{"another CPU", starved(func(c *Cause) { c.CPU = OnCPU(1) }), starved(func(c *Cause) { c.CPU = OnCPU(2) }), true},
		{"another domain, without RCU", starved(func(c *Cause) { c.RCU = NoRCU }), starved(func(c *Cause) { c.RCU, c.Domain = NoRCU, "x" }), false},
		{"a circle entered elsewhere", circle("closer-1", "event_mutex", "kworker-0"), circle("kworker-3", "closer-2", "event_mutex"), true},
		{"another circle", circle("closer-1", "event_mutex", "kworker-0"), circle("closer-1", "kworker-0", "event_mutex"), false},
		{"other details", unsafe(UseAfterFree, "reader-1 used 5"), unsafe(UseAfterFree, "reader-2 used 7"), true},
		{"another oracle", unsafe(UseAfterFree, ""), unsafe(DoubleFree, ""), false},
	} {
		if a, b := c.a.Signature(), c.b.Signature(); (a == b) != c.same || (a.Compare(b) == 0) != c.same {
			t.Errorf("%s: %+v and %+v", c.name, a, b)
		}
	}
}

func TestWhyIsTheFindingTheCircleOrTheCause(t *testing.T) {
	t.Parallel()
	cause := Cause{Domain: "tracepoint_srcu", Phase: Scan1, Mechanism: DomainReader}
	var got []string
	for _, r := range []Result{
		{Diagnosis: OK},
		{Diagnosis: Slow, Cause: &cause},
		{Diagnosis: Starved, Cause: &cause},
		{Diagnosis: Starved},
		{Diagnosis: Deadlock, Circle: []Link{{Name: "a"}, {Name: "b-1", Group: "b"}}},
		{Diagnosis: Unsafe, Violations: []Violation{{Oracle: UseAfterFree, Detail: "t used x", Unsafe: true}}},
	} {
		got = append(got, r.Why()+" | "+r.Signature().Why())
	}
	want := []string{
		" | ",
		"tracepoint_srcu > reader inside the domain | tracepoint_srcu > reader inside the domain",
		"tracepoint_srcu > reader inside the domain, under the storm | tracepoint_srcu > reader inside the domain, under the storm",
		" | ",
		"a -> b-1 -> a | a -> b -> a",
		"t used x | use-after-free",
	}
	if !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}
