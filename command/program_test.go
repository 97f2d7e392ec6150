package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/workload"
)

// interrupting orders a scan by interrupting every CPU instead of waiting for RCU.
var interrupting = fixes.Fix{
	Name: "interrupting", Claim: "interrupt every CPU", Source: "this test",
	WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
			s.FenceAll()
			return true
		})
	},
}

// forgetful has a planted bug: it orders nothing, and does not declare that its grace
// periods contain none of RCU.
var forgetful = fixes.Fix{
	Name: "forgetful", Claim: "order nothing", Source: "this test",
	Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return true })
	},
}

// mine is a program with two candidates and a scenario.
func mine() Program {
	return Program{
		Name:  "mine",
		Fixes: []fixes.Fix{interrupting, forgetful},
		Scenarios: []workload.Scenario{{
			Name: "quiet", About: "one closer and nothing else",
			Machine: workload.Machine{CPUs: 2, HZ: 250, Preempt: workload.PreemptFull, MIPS: 100},
			Closers: []workload.Closers{{Name: "closer", Count: 1}},
			Horizon: 5 * time.Second,
		}},
	}
}

func TestEveryCommandTakesOwnCandidatesAndScenarios(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		args  string
		codes []int // accepted
		want  []string
	}{
		{"list candidates", []int{0}, []string{"interrupting ", "this test"}},
		{"list scenarios", []int{0}, []string{"quiet ", "one closer and nothing else"}},
		{"run quiet --fix interrupting", []int{0}, []string{"quiet, variation 0, under interrupting, seed 1", "diagnosis  ok", "\nmine replay gps2."}},
		{"run quiet --fix forgetful", []int{0}, []string{"diagnosis  unsafe", "contains no RCU grace period; a", "Fix.WithoutRCU"}},
		{"run quiet --fix interrupting+overlap", []int{0}, []string{"under interrupting+overlap"}},
		{"evaluate -q --details --fix interrupting --fix forgetful --scenario quiet --variations 1 --html " + in("page.html") + " --failures " + in("failures"),
			[]int{0, 3}, []string{"quiet: one closer and nothing else", "interrupting", "UNSAFE in ", "  mine replay gps2."}},
		{"gate --fix interrupting --scenario quiet --max-hang-rate 40% --confidence 60%", []int{0}, []string{"interrupting passes after "}},
		{"margin -q --axis handler --fix interrupting", []int{0}, []string{"interrupting "}},
		{"shrink quiet --fix forgetful --budget 3", []int{0}, []string{"# candidate  forgetful"}},
		{"explore --fix interrupting", []int{0}, []string{"interrupting, 1 reader(s)", "no violation"}},
		{"explore --fix forgetful", []int{1}, []string{"mine replay gps2."}},
		{"run quiet --world live --fix interrupting", []int{0}, []string{"quiet, variation 0, under interrupting", "cannot be run again exactly"}},
		{"torture -q --fix interrupting --duration 20ms", []int{0, 3}, []string{"torture: interrupting"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			got := invoke(t, mine(), strings.Fields(c.args)...)
			right := false
			for _, code := range c.codes {
				right = right || got.code == code
			}
			if !right {
				t.Errorf("exit %d, want one of %v; stderr %q", got.code, c.codes, got.errors)
			}
			for _, w := range c.want {
				if !strings.Contains(got.out, w) {
					t.Errorf("stdout\n%s\nwant %q in it", got.out, w)
				}
			}
		})
	}
	t.Cleanup(func() {
		page, err := os.ReadFile(in("page.html"))
		if err != nil || !strings.Contains(string(page), "interrupting") {
			t.Errorf("the page of evaluate --html: %v, %d bytes", err, len(page))
		}
		if files, err := filepath.Glob(in("failures/forgetful-unsafe-*")); err != nil || len(files) == 0 {
			t.Errorf("the failure files of evaluate --failures: %v, %q", err, files)
		}
	})
}

func TestATokenOfAnOwnCandidateReplaysInItsProgramOnly(t *testing.T) {
	t.Parallel()
	got := invoke(t, mine(), "run", "quiet", "--fix", "forgetful", "--json")
	var r struct{ Replay, Checksum string }
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatalf("%v in %q, %q", err, got.out, got.errors)
	}
	if again := invoke(t, mine(), "replay", r.Replay, "--json"); again != got {
		t.Errorf("replay: %+v, want %+v", again, got)
	}
	elsewhere := invoke(t, Program{}, "replay", r.Replay)
	if want := `fix: forgetful: want a candidate`; elsewhere.code != exitBadInput || !strings.Contains(elsewhere.errors, want) ||
		!strings.Contains(elsewhere.errors, "replays in that program only") {
		t.Errorf("elsewhere: %+v, want exit 2 and %q", elsewhere, want)
	}
}

func TestHelpAndMessagesCallAProgramByItsName(t *testing.T) {
	t.Parallel()
	for _, sub := range commands(t).Commands() {
		if sub.Name() == "completion" || sub.Name() == "help" {
			continue
		}
		got := invoke(t, mine(), sub.Name(), "--help")
		if strings.Contains(got.out, "gpstorm ") || !strings.Contains(got.out, "  mine "+sub.Name()) {
			t.Errorf("mine %s --help:\n%s", sub.Name(), got.out)
		}
	}
	if got := invoke(t, mine(), "run", "nosuch"); !strings.HasPrefix(got.errors, "mine: scenario: ") {
		t.Errorf("stderr %q, want the name mine", got.errors)
	}
}

func TestAProgramWithABadNameIsRefused(t *testing.T) {
	t.Parallel()
	named := func(name string) fixes.Fix { f := interrupting; f.Name = name; return f }
	quiet := mine().Scenarios[0]
	invalid := quiet
	invalid.Machine.CPUs = 0
	for _, c := range []struct {
		program Program
		want    string
	}{
		{Program{Fixes: []fixes.Fix{named("")}}, `candidate: "": want a name`},
		{Program{Fixes: []fixes.Fix{named("a+b")}}, `candidate: a+b: want a name`},
		{Program{Fixes: []fixes.Fix{named("baseline")}}, `candidate: baseline: want a name that is not taken`},
		{Program{Fixes: []fixes.Fix{named("busted-scan")}}, `busted-scan: want a name that is not taken`},
		{Program{Fixes: []fixes.Fix{interrupting, interrupting}}, `candidate: interrupting: want a name that is not taken`},
		{Program{Scenarios: []workload.Scenario{quiet, quiet}}, `scenario: quiet: want a name that is not taken`},
		{Program{Scenarios: []workload.Scenario{invalid}}, `cpus`},
	} {
		if got := invoke(t, c.program, "list"); got.code != exitBadInput || got.out != "" || !strings.Contains(got.errors, c.want) {
			t.Errorf("%+v, want exit 2 and %q", got, c.want)
		}
	}
}

func TestACandidateThatPanicsIsOneLine(t *testing.T) {
	t.Parallel()
	p := mine()
	p.Fixes = append(p.Fixes, fixes.Fix{Name: "boom", Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { panic("boom") })
	}})
	got := invoke(t, p, "run", "quiet", "--fix", "boom")
	if want := "mine: fix boom, scenario quiet, variation 0, seed 1: panic: boom\n"; got.code != exitFailure || got.errors != want {
		t.Errorf("exit %d, stderr %q; want %q", got.code, got.errors, want)
	}
}

// Reports tell scenarios apart by name, so a scenario with the name of a preset would pass
// for it, and for the scenario of a control.
func TestAnOwnScenarioHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"repro2", "boot-calm", "live-99"} {
		p := mine()
		p.Scenarios[0].Name = name
		if got, want := invoke(t, p, "version"), "mine: scenario: "+name+": want a name that is not taken\n"; got.code != exitBadInput || got.errors != want {
			t.Errorf("exit %d, %q, want %q", got.code, got.errors, want)
		}
	}
	// The preset itself may come from a file.
	if got := invoke(t, Program{}, "evaluate", "-q", "--scenario", "../testdata/scenarios/calm.yaml", "--fix", "poll", "--variations", "1"); got.code != 0 {
		t.Errorf("exit %d, %s", got.code, got.errors)
	}
}
