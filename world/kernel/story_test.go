package kernel

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// TestStories checks the events of small scenarios, step by step. A story is a file
// of commands, each followed by a scenario and the expected output; docs/model.md
// explains the format. This command rewrites them:
//
//	go test ./world/kernel -run TestStories -rewrite
//
// Read the changes before you commit them.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			datadriven.RunTest(t, f, tell)
		})
	}
}

// tell executes one command of a story:
//
//	timeline fix=NAME [seed=N] show=(KIND,...) [from=TIME] [until=TIME]
//	closes   fix=(NAME,...) [seed=N]
//	blame    fix=(NAME,...) [seed=N]
//	console  fix=NAME [seed=N] [match=(TEXT,...)]
//	phases   jiffies=N show=(KIND,...)
func tell(t *testing.T, d *datadriven.TestData) string {
	sc, err := workload.Decode([]byte(d.Input))
	if err != nil {
		return err.Error() + "\n"
	}
	seed := uint64(1)
	d.MaybeScanArgs(t, "seed", &seed)
	switch d.Cmd {
	case "timeline":
		s := newStory(t, d, sc, fixOf(t, d), seed)
		s.play()
		return s.text()
	case "closes":
		var names []string
		arg, _ := d.Arg("fix")
		names = append(names, arg.Vals...)
		return closesTable(t, sc, names, seed)
	case "blame":
		arg, _ := d.Arg("fix")
		return blameTable(t, sc, arg.Vals, seed)
	case "console":
		return console(t, d, sc, fixOf(t, d), seed)
	case "phases":
		s := newStory(t, d, sc, lookup(t, "baseline"), seed)
		var jiffies uint64
		d.ScanArgs(t, "jiffies", &jiffies)
		s.playPhases(jiffies)
		return s.text()
	}
	d.Fatalf(t, "unknown command %q", d.Cmd)
	return ""
}

func fixOf(t *testing.T, d *datadriven.TestData) fixes.Fix {
	var name string
	d.ScanArgs(t, "fix", &name)
	return lookup(t, name)
}

// closesTable lists every close under each candidate.
func closesTable(t *testing.T, sc workload.Scenario, names []string, seed uint64) string {
	var b strings.Builder
	for _, name := range names {
		r := Run(sc, lookup(t, name), seed, Options{})
		by := ""
		if why := r.Why(); why != "" {
			by = ", " + why
		}
		fmt.Fprintf(&b, "%s: %s%s\n", name, r.Diagnosis, by)
		for _, c := range r.Closes {
			after := ""
			if c.Censored {
				after = " and had not returned"
			}
			fmt.Fprintf(&b, "  %-9s %12v%s, in series %d normal and %d expedited\n", c.Task,
				c.Wait.Round(time.Microsecond), after, c.Waited.Normal, c.Waited.Expedited)
		}
	}
	return b.String()
}

// blameTable lists, for each candidate, the diagnosis and the causes of the longest
// close's wait, from 1 % on.
func blameTable(t *testing.T, sc workload.Scenario, names []string, seed uint64) string {
	var b strings.Builder
	for _, name := range names {
		r := Run(sc, lookup(t, name), seed, Options{Blame: true})
		fmt.Fprintf(&b, "%s: %s: %s\n", name, r.Diagnosis, r.Why())
		longest := slices.MaxFunc(r.Closes, func(a, b trial.Close) int { return cmp.Compare(a.Wait, b.Wait) })
		for _, s := range longest.Blame {
			if s.Wait < longest.Wait/100 {
				continue
			}
			storm := ""
			if s.Storm > 0 {
				storm = fmt.Sprintf(" (storm: %.0f %%)", 100*float64(s.Storm)/float64(s.Wait))
			}
			fmt.Fprintf(&b, "  %6.2fs of %.2fs  %s%s\n", s.Wait.Seconds(), longest.Wait.Seconds(), s.Cause.Text(), storm)
		}
	}
	return b.String()
}

// console returns the console, or its lines that contain a text.
func console(t *testing.T, d *datadriven.TestData, sc workload.Scenario, fix fixes.Fix, seed uint64) string {
	var match []string
	if arg, ok := d.Arg("match"); ok {
		match = arg.Vals
	}
	var b strings.Builder
	for _, l := range Run(sc, fix, seed, Options{Log: true}).Log {
		if len(match) > 0 && !slices.ContainsFunc(match, func(m string) bool { return strings.Contains(l.Text, m) }) {
			continue
		}
		fmt.Fprintf(&b, "%11.6fs  %s\n", l.At.Seconds(), strings.ReplaceAll(l.Text, "\t", "        "))
	}
	return b.String()
}

// story is one observed trial.
type story struct {
	k           *kernel
	show        []string
	from, until ns
	lines       []string
	seen        sight
}

func newStory(t *testing.T, d *datadriven.TestData, sc workload.Scenario, fix fixes.Fix, seed uint64) *story {
	s := &story{until: never}
	arg, ok := d.Arg("show")
	if !ok {
		d.Fatalf(t, "show= is missing")
	}
	s.show = arg.Vals
	for name, to := range map[string]*ns{"from": &s.from, "until": &s.until} {
		if arg, ok := d.Arg(name); ok {
			v, err := time.ParseDuration(arg.Vals[0])
			if err != nil {
				d.Fatalf(t, "%s: %v", name, err)
			}
			*to = ns(v)
		}
	}
	teardown := fix.TeardownOrDefault()
	fix.Teardown = func(u fixes.Unregistered) { teardown(&toldTeardown{u, s}) }
	side := fix.Side
	fix.Side = func(inner srcu.Side) srcu.Side {
		name := inner.(*domainSide).name
		if side != nil {
			inner = side(inner)
		}
		return &toldSide{inner, s, name}
	}
	s.k = newKernel(&sc, &fix, seed, Options{})
	return s
}

// say adds a line of a kind to the story.
func (s *story) say(kind, format string, args ...any) {
	if !slices.Contains(s.show, kind) || s.k.now < s.from || s.k.now > s.until {
		return
	}
	s.lines = append(s.lines, fmt.Sprintf("%11.6fs  %s", float64(s.k.now)/1e9, fmt.Sprintf(format, args...)))
}

func (s *story) text() string { return strings.Join(s.lines, "\n") + "\n" }

// play runs the trial and checks it for changes after every event.
func (s *story) play() {
	k := s.k
	defer k.stop()
	k.boot()
	s.seen = s.look()
	k.runUntil(min(ns(k.sc.Horizon), s.until), func() bool {
		s.watch()
		return k.finished() && k.quiet()
	})
}

// playPhases requests two grace periods from each SRCU domain, for the second domain
// a number of jiffies later.
func (s *story) playPhases(jiffies uint64) {
	k := s.k
	defer k.stop()
	k.boot()
	s.seen = s.look()
	over := 0
	task := k.spawn("asker", only(0), k.direct(func(t *task) {
		for i, d := range k.domains {
			if i > 0 && jiffies > 0 {
				t.ask(sleepTicks(sleeping, jiffies))
			}
			began := k.now
			s.say("close", "%s is asked for two grace periods in a row", d.name)
			d.enqueue(func() {
				d.enqueue(func() {
					s.say("close", "%s has had both, %v after it was asked", d.name, time.Duration(k.now-began).Round(time.Microsecond))
					over++
				}, false)
			}, false)
		}
	}))
	k.at(500_000_000, func() { k.wake(task) })
	k.runUntil(ns(k.sc.Horizon), func() bool {
		s.watch()
		return over == len(k.domains)
	})
}

// setNames names a set of CPUs.
func setNames(s cpuSet) string {
	var names []string
	for cpu := range workload.MaxCPUs {
		if s.has(cpu) {
			names = append(names, "cpu"+itoa(cpu))
		}
	}
	return cmp.Or(strings.Join(names, " and "), "none")
}
