package repro

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Draft is a first scenario made from a log.
type Draft struct {
	Scenario workload.Scenario
	// Shows are the symptoms of the log that baseline shows in the scenario,
	// Missing the others.
	Shows, Missing []Symptom
	// Extra are its further symptoms.
	Extra []Symptom
	// Seeds is the number of seeds, of 1 to DraftSeeds, that show all of Shows.
	Seeds int
	// Signature is the signature of the trial with seed 1.
	Signature trial.Signature

	tried    bool              // all seeds
	left     *uint64           // steps of further trials for the log
	symptoms []Symptom         // of the log
	release  string            // of the log's kernel, if it is not the scenario's
	verdict  Verdict           // of the log
	notes    map[string]string // by path: the source of the value
}

// ErrNoScenario reports that no scenario of the virtual kernel shows any symptom of
// the log.
var ErrNoScenario = errors.New("no scenario shows any symptom of the log")

// DraftSeeds is the number of seeds of the trials of a draft.
const DraftSeeds = 5

// Draft makes a scenario from the log. It uses the facts of the log, guesses the
// rest from a few setups that are known to give such symptoms, runs each under
// baseline, and returns the one with the most of the log's symptoms, and of those the
// one that shows them with the most seeds.
func (l *Log) Draft() (*Draft, error) { return l.draft(allSteps) }

// draft is Draft with a limit of the steps of all trials.
func (l *Log) draft(steps uint64) (*Draft, error) {
	symptoms := l.Symptoms()
	if len(without(symptoms, []Symptom{SlowSamples})) == 0 {
		return nil, ErrNoScenario // slow samples alone are not a failure
	}
	var drafts []*Draft
	for _, setup := range setups {
		if !setup.suits(symptoms, l.Facts) {
			continue
		}
		// The start of the close() is not in the log, and may decide whether it
		// meets a reader: try a few starts.
		for later := range starts {
			d := &Draft{left: &steps, symptoms: symptoms, verdict: l.Opinion.Verdict, release: l.Facts.Kernel.otherRelease(), notes: map[string]string{}}
			d.machine(l.Facts)
			d.closers(l.Facts)
			setup.fill(d, l.Facts)
			d.Scenario.Closers[0].Start += time.Duration(later) * time.Second
			d.Scenario.Horizon = min(d.Scenario.Horizon, maxHorizon)
			if err := d.Scenario.Validate(); err != nil {
				return nil, fmt.Errorf("setup %q: %w", setup.name, err)
			}
			if err := d.first(); err != nil {
				return nil, err
			}
			if !d.possible() {
				drafts = append(drafts, d)
				continue
			}
			// No other can show more.
			if err := d.others(); err != nil || d.Seeds == DraftSeeds {
				return d, err
			}
			drafts = append(drafts, d)
		}
	}
	return best(drafts)
}

// best returns the draft that is closest to the log. It runs the other seeds of those
// only that show the most with the first.
func best(drafts []*Draft) (*Draft, error) {
	slices.SortStableFunc(drafts, func(a, b *Draft) int {
		return cmp.Or(len(a.Missing)-len(b.Missing), len(a.Extra)-len(b.Extra))
	})
	var best *Draft
	for _, d := range drafts {
		if len(d.Shows) == 0 || best != nil && (len(d.Missing) > len(best.Missing) || best.Seeds == DraftSeeds) {
			break
		}
		if err := d.others(); err != nil {
			return nil, err
		}
		if best == nil || d.Seeds > best.Seeds {
			best = d
		}
	}
	if best == nil {
		return nil, ErrNoScenario
	}
	return best, nil
}

// possible reports whether the draft shows all symptoms of the log that the virtual
// kernel has.
func (d *Draft) possible() bool {
	return !slices.ContainsFunc(d.Missing, func(s Symptom) bool { return s.Unmodelled() == "" })
}

// maxHorizon is the longest horizon of a scenario.
const maxHorizon = time.Hour

// starts is the number of tried starts of the close(), a second apart.
const starts = 3

// maxSteps limits a trial, and allSteps all trials for one log: they may be many, and
// their scenarios long.
const (
	maxSteps = 20_000_000
	allSteps = 60_000_000
)

// first runs the scenario with seed 1 and compares the console with the symptoms.
func (d *Draft) first() error {
	r, shown, err := d.run(1)
	if err != nil {
		return err
	}
	if r.Truncated {
		shown = nil // what a longer run shows is not known
	}
	d.Missing = without(d.symptoms, shown)
	d.Shows = without(d.symptoms, d.Missing)
	d.Extra = without(shown, d.symptoms)
	d.Signature = r.Signature()
	d.Seeds = min(len(d.Shows), 1)
	return nil
}

// others counts the other seeds with which the scenario shows the same, unless that was
// done.
func (d *Draft) others() error {
	if d.tried {
		return nil
	}
	d.tried = true
	for seed := uint64(2); seed <= DraftSeeds; seed++ {
		_, shown, err := d.run(seed)
		if err != nil {
			return err
		}
		if len(without(d.Shows, shown)) == 0 {
			d.Seeds++
		}
	}
	return nil
}

func (d *Draft) run(seed uint64) (trial.Result, []Symptom, error) {
	baseline, err := fixes.Find("baseline")
	if err != nil {
		return trial.Result{}, nil, err
	}
	most := min(maxSteps, max(1, *d.left)) // 0 is no limit
	r := kernel.Run(d.Scenario, baseline, seed, kernel.Options{Log: true, MaxSteps: most})
	*d.left -= min(r.Steps, *d.left)
	model, err := ReadTrial(&r)
	if err != nil {
		return r, nil, err
	}
	return r, model.Symptoms(), nil
}

// note records the source of a value: a line of the log, or a guess.
func (d *Draft) note(path, format string, args ...any) { d.notes[path] = fmt.Sprintf(format, args...) }

// maxCPUs limits the machine of a draft: more CPUs change no symptom and take
// longer.
const maxCPUs = 4

// otherRelease returns the release of the log's kernel if it is known and not the
// one that a scenario without machine.version has.
func (k *Kernel) otherRelease() string {
	if k.Release == nil {
		return ""
	}
	if rest, ok := strings.CutPrefix(k.Release.Value, "7.0.0-rc1"); ok && (rest == "" || !isDigit(rest[0])) {
		return ""
	}
	return k.Release.Value
}

// model returns the preemption model in the log, or "" if the log does not show it:
// a kernel with PREEMPT_DYNAMIC chooses it at boot.
func (k *Kernel) model() workload.Preempt {
	if k.Preempt == nil {
		return ""
	}
	v := k.Preempt.Value
	switch {
	case strings.Contains(v, "lazy"):
		return workload.PreemptLazy
	case strings.Contains(v, "none"), strings.Contains(v, "voluntary"):
		return workload.PreemptNone
	case strings.Contains(v, "full"), v == "PREEMPT", strings.HasPrefix(v, "PREEMPT_RT"):
		return workload.PreemptFull
	}
	return ""
}

// machine sets the known properties of the kernel.
func (d *Draft) machine(f *Facts) {
	sc := &d.Scenario
	sc.Name = "from-log"
	k := &f.Kernel
	m := &sc.Machine
	m.CPUs, m.HZ, m.Preempt, m.MIPS = 2, 250, workload.PreemptFull, 2000
	d.note("machine.cpus", "a guess")
	if k.CPUs != nil {
		m.CPUs = min(max(k.CPUs.Value, 2), maxCPUs)
		d.note("machine.cpus", "line %d", k.CPUs.Line)
		if k.CPUs.Value != m.CPUs {
			d.note("machine.cpus", "line %d: %d CPUs; a draft has 2 to %d", k.CPUs.Line, k.CPUs.Value, maxCPUs)
		}
	}
	d.note("machine.hz", "a guess")
	if k.HZ != nil {
		m.HZ = k.HZ.Value
		d.note("machine.hz", "line %d", k.HZ.Line)
		if k.HZ.From != "" {
			d.note("machine.hz", "line %d: %s", k.HZ.Line, k.HZ.From)
		}
	}
	d.note("machine.preempt", "a guess")
	if len(f.Stalls) > 0 {
		s := f.Stalls[0]
		d.note("machine.preempt", "line %d: %s", s.Line, s.Flavor)
		if s.Flavor == "rcu_sched" {
			m.Preempt = workload.PreemptNone
		}
	}
	if model := k.model(); model != "" {
		m.Preempt = model
		d.note("machine.preempt", "line %d: %s", k.Preempt.Line, k.Preempt.Value)
	}
	d.note("machine.mips", "a guess: an ordinary machine")
	if len(k.Config) > 0 {
		m.MIPS = 200
		d.note("machine.mips", "a guess: %s (line %d) makes a kernel slow", k.Config[0].Value, k.Config[0].Line)
	}
	d.watchdogs(f)
}

// watchdogs sets the detectors' timeouts.
func (d *Draft) watchdogs(f *Facts) {
	w := &d.Scenario.Watchdog
	k := &f.Kernel
	if k.Hung != nil {
		// The detector checks once per timeout, so it reports later.
		w.HungTask = time.Duration(max(k.Hung.Value, 1)) * time.Second
		for _, usual := range []int64{140, 120} {
			if k.Hung.Value >= usual && k.Hung.Value < usual+20 {
				w.HungTask = time.Duration(usual) * time.Second
				break
			}
		}
		w.HungTask = min(w.HungTask, time.Hour)
		d.note("watchdog.hung_task", "line %d: reported after %d s", k.Hung.Line, k.Hung.Value)
	}
	if k.Stall != nil {
		d.stallTimeout(k.Stall)
	}
}

// stallTimeout sets the stall timeout. The first report in a log may be late or
// repeated, so this is the nearest usual timeout below it.
func (d *Draft) stallTimeout(seen *Seen[float64]) {
	w := &d.Scenario.Watchdog
	timeout, exact := 0, false
	for _, usual := range timeouts {
		near := seen.Value >= float64(usual) && seen.Value < float64(usual)*1.02
		if near && !exact || seen.Value >= float64(usual) && !exact && slices.Contains([]int{21, 60, 100}, usual) && usual > timeout {
			timeout, exact = usual, near
		}
	}
	if timeout == 0 {
		timeout = max(int(seen.Value), 3)
	}
	d.note("watchdog.rcu_stall", "line %d", seen.Line)
	if strings.HasPrefix(seen.From, "a guess") {
		d.note("watchdog.rcu_stall", "%s (line %d)", seen.From, seen.Line)
	}
	if !exact {
		d.note("watchdog.rcu_stall", "a guess: at the most %.0f s (line %d)", seen.Value, seen.Line)
	}
	if w.ProveRCU = slices.Contains([]int{26, 65, 105}, timeout); w.ProveRCU {
		timeout -= 5
		d.note("watchdog.prove_rcu", "a guess: 5 s more than a usual timeout")
	}
	w.RCUStall = time.Duration(timeout) * time.Second
}

// hungFor returns the duration of a close() that gives the log's reports.
func (d *Draft) hungFor(f *Facts) time.Duration {
	w := d.Scenario.Watchdog
	long := 3 * (w.RCUStall + 5*time.Second)
	if w.RCUStall == 0 {
		long = 80 * time.Second
	}
	if len(f.Hung) > 0 {
		// Two checks of the detector, of which the first may just miss.
		long = max(long, 2*w.HungTask+20*time.Second)
	}
	return long
}

// closers sets the closers. A task that opens at event_mutex becomes another
// closer: it waits for the same mutex.
func (d *Draft) closers(f *Facts) {
	sc := &d.Scenario
	name, count, line := "closer", 0, 0
	for _, t := range f.of(WaitTracepoint, WaitTrace, WaitEventMutex) {
		if count++; count == 1 {
			name, line = groupName(t.Comm, "closer"), t.Line
		}
	}
	if len(f.of(WaitEventMutex)) > 0 {
		count = max(count, 2) // one of them holds the mutex
	}
	sc.Closers = []workload.Closers{{Name: name, Count: min(max(count, 1), 8), Start: 2 * time.Second}}
	if line > 0 {
		d.note("closers[0].name", "line %d", line)
		d.note("closers[0].count", "tasks that close or queue: %d", count)
	} else {
		d.note("closers[0].name", "a guess: the log shows no close()")
	}
	sc.Horizon = d.hungFor(f) + 30*time.Second
	sc.Drain = 10 * time.Minute
	d.note("horizon", "long enough for the reports of the log")
}

// groupName converts a task's name to a valid one for scenarios.
func groupName(comm, otherwise string) string {
	var b strings.Builder
	for _, c := range []byte(comm) {
		if c >= 'a' && c <= 'z' || isDigit(c) || c == '-' && b.Len() > 0 {
			b.WriteByte(c)
		}
	}
	if name := strings.Trim(b.String(), "-"); name != "" && !isDigit(name[0]) {
		return name
	}
	return otherwise
}

// YAML returns the scenario as a file, with a comment on each value from the log
// and on each guess.
func (d *Draft) YAML(log string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# A scenario to start from, made from %s. Comments name its lines.\n", strings.Map(printing, log))
	fmt.Fprintf(&b, "%s%s\n", headSymptoms, join(d.symptoms))
	for _, m := range d.Missing {
		why := m.Unmodelled()
		if why == "" {
			why = "not in this setup"
		}
		fmt.Fprintf(&b, "# not shown under baseline: %s (%s)\n", m, why)
	}
	if len(d.Extra) > 0 {
		fmt.Fprintf(&b, "# shown besides: %s\n", join(d.Extra))
	}
	if d.verdict == MachineSlow {
		b.WriteString("# The log speaks for a slow machine, which a change of the kernel does not help.\n")
	}
	if d.release != "" {
		fmt.Fprintf(&b, "# The log is of kernel %s; machine.version of the scenario is %s.\n", strings.Map(printing, d.release), workload.Linux70rc1)
	}
	if d.Seeds < DraftSeeds {
		fmt.Fprintf(&b, "# shown with %d of the seeds 1 to %d only\n", d.Seeds, DraftSeeds)
	}
	fmt.Fprintf(&b, "%s%s\n", headSignature, signatureText(d.Signature))
	b.WriteString(annotate(string(workload.Encode(d.Scenario)), d.notes))
	return []byte(b.String())
}

func printing(c rune) rune {
	if c < ' ' || c == 0x7f {
		return '?'
	}
	return c
}

// annotate appends comments to the values of a scenario's YAML, by path:
// "machine.cpus", "tasks[0].gap". A value without a note is a guess.
func annotate(text string, notes map[string]string) string {
	var b strings.Builder
	top, item := "", -1
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		body := strings.TrimLeft(line, " -")
		key, value, _ := strings.Cut(body, ":")
		path := key
		switch {
		case !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-"):
			top, item = key, -1
		case strings.HasPrefix(strings.TrimLeft(line, " "), "- "):
			item++
			path = fmt.Sprintf("%s[%d].%s", top, item, key)
		case item >= 0:
			path = fmt.Sprintf("%s[%d].%s", top, item, key)
		default:
			path = top + "." + key
		}
		b.WriteString(line)
		if strings.TrimSpace(value) != "" && path != "name" {
			note, ok := notes[path]
			if !ok {
				note = "a guess"
			}
			b.WriteString("   # " + strings.Map(printing, note))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
