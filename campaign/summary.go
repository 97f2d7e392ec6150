package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
)

// Level is the confidence of every interval in a summary.
const Level = 0.95

// Power is the probability of finding a detectable difference.
const Power = 0.8

// Summary contains the findings of a campaign.
type Summary struct {
	Head   Head
	Trials int // in the summary
	// CutShort is set if trials of the campaign are missing.
	CutShort bool
	Classes  []ClassSummary
	// Overall contains a row for each candidate over all scenarios.
	Overall []Overall
	Checks  []Check
	// Loads are the hang rates by storm load, over all scenarios.
	Loads []Load
	// Clusters are the failures, grouped by cause.
	Clusters []Cluster
	// WhyLeftOut is the reason of the first trial of a candidate that is left out.
	WhyLeftOut string
}

// ClassSummary contains one row for each candidate.
type ClassSummary struct {
	Class
	Rows []Row
}

// Row summarises the trials of one candidate in one scenario.
type Row struct {
	Class string `json:"scenario"`
	Fix   string `json:"fix"`

	Trials   int           `json:"trials"`
	Hung     int           `json:"hung"`
	HangRate stat.Interval `json:"hang_rate"`
	// Reported and Stalled count the trials with a report of the hung-task and of
	// the RCU stall detector.
	Reported int `json:"hung_task_reported"`
	Stalled  int `json:"rcu_stall_reported"`
	// Truncated counts the trials that the model's limit on steps ended.
	Truncated int `json:"truncated"`
	// LeftOut counts the trials that no other figure of the row includes, because
	// their conditions were not the scenario's.
	LeftOut int `json:"left_out,omitempty"`
	// Starved is the number of trials in LeftOut that hung, or did not end, while other
	// processes used the machine.
	Starved int `json:"starved,omitempty"`

	Closes   int       `json:"closes"`
	Censored int       `json:"censored"`
	Close    Quantiles `json:"close"`
	// Waits is the distribution of the closes that returned.
	Waits Distribution `json:"waits"`
	// Returned counts the closes that returned; the figures per close are their
	// means.
	Returned  int     `json:"returned"`
	Normal    float64 `json:"normal_gps_per_close"`
	Expedited float64 `json:"expedited_gps_per_close"`
	IPIs      float64 `json:"ipis_per_close"`

	// WorkerD is the longest time that a kworker slept in D state inside
	// process_srcu, over trials.
	WorkerD Quantiles `json:"kworker_d"`

	Diagnoses Diagnoses `json:"diagnoses"`
	// Causes are the largest causes of waits, as whole chains.
	Causes []Cause `json:"causes,omitempty"`
	// Blame divides the time of all closes; nil if no trial records it.
	Blame *Blame `json:"blame,omitempty"`
	// Conditions describes the trials, including those that are left out; nil if no
	// trial has any.
	Conditions *Conditions `json:"conditions,omitempty"`
	// VsBaseline compares the pairs; nil for controls.
	VsBaseline *Comparison `json:"vs_baseline,omitempty"`
}

// Undecided returns the reason why the row proves nothing, or an empty string: more
// than half of its trials are left out, or one is for a hang that may be due to others,
// without which the rate would be too low, or no trial hung and readers and updaters
// never ran at the same time.
func (r *Row) Undecided() string {
	switch c := r.Conditions; {
	case r.Starved > 0:
		return fmt.Sprintf("%d of %d hung for want of a CPU", r.Starved, r.LeftOut+r.Trials)
	case r.LeftOut > r.Trials:
		return fmt.Sprintf("%d of %d left out", r.LeftOut, r.LeftOut+r.Trials)
	case c != nil && c.Together == 0 && r.Hung == 0 && r.unsafe() == 0:
		return "never at once"
	}
	return ""
}

// Overall summarises the trials of one candidate in all scenarios.
type Overall struct {
	Fix    string `json:"fix"`
	Trials int    `json:"trials"`
	Hung   int    `json:"hung"`
	// Blame divides the waits; nil if the trials do not record it.
	Blame *Blame `json:"blame,omitempty"`
	// VsBaseline compares the pairs of all scenarios; nil for controls. It has no
	// ratio of medians, as the scenarios differ too much.
	VsBaseline *Comparison `json:"vs_baseline,omitempty"`
}

// Diagnoses counts trials by diagnosis.
type Diagnoses map[trial.Diagnosis]int

// unsafe counts the trials in which an oracle detected misuse of memory.
func (r *Row) unsafe() int { return r.Diagnoses[trial.Unsafe] }

// Severity lists the diagnoses from good to bad.
var Severity = []trial.Diagnosis{trial.OK, trial.Slow, trial.Starved, trial.LostWakeup, trial.Deadlock, trial.Unsafe}

// Comparison compares a candidate with the baseline in the same trials.
type Comparison struct {
	Pairs int `json:"pairs"`
	// OnlyBaseline and OnlyFix count the pairs in which only one hung.
	OnlyBaseline int `json:"only_baseline_hung"`
	OnlyFix      int `json:"only_fix_hung"`
	// P is McNemar's exact p-value, or that of the sequential sign test in a
	// campaign that runs until it has decided. Corrected is P after Holm's
	// correction for the comparisons of the same table: those of the scenario, or
	// those over all scenarios.
	P         float64 `json:"p"`
	Corrected float64 `json:"p_corrected"`
	// Median is the ratio of the median close(), fix to baseline.
	Median stat.Ratio `json:"median_ratio"`
	// Shorter and Longer count the pairs in which the median close() of the fix's
	// trial was shorter or longer than the baseline's. CloseCorrected is the sign
	// test's p-value, corrected like P.
	Shorter        int     `json:"pairs_shorter"`
	Longer         int     `json:"pairs_longer"`
	CloseCorrected float64 `json:"close_p_corrected"`
}

// HangsLess reports a lower hang rate that remains significant after the correction
// for the number of comparisons.
func (c *Comparison) HangsLess() bool {
	return c.Corrected < 1-Level && c.OnlyBaseline > c.OnlyFix
}

// HangsMore is the opposite of HangsLess.
func (c *Comparison) HangsMore() bool {
	return c.Corrected < 1-Level && c.OnlyFix > c.OnlyBaseline
}

// ClosesSooner reports a shorter time of close() that remains significant after the
// correction for the number of comparisons.
func (c *Comparison) ClosesSooner() bool {
	return c.CloseCorrected < 1-Level && c.Shorter > c.Longer
}

// ClosesLater is the opposite of ClosesSooner.
func (c *Comparison) ClosesLater() bool {
	return c.CloseCorrected < 1-Level && c.Longer > c.Shorter
}

// collector sums trials in plan order, in memory that does not grow with their
// number.
type collector struct {
	head     Head
	trials   int
	course   *course
	block    []*trial.Result // by fix: the current block
	rows     [][]rowSum      // by scenario, fix
	sampled  []pairSample    // by scenario
	loads    []loadSum       // by fix
	clusters clusterSet
	whyOut   string // the first reason to leave out a trial of a candidate
}

type rowSum struct {
	trials, hung                 int
	reported, stalled, truncated int
	leftOut, starved             int
	waits, workerD               latencies
	returned                     int
	normal, expedited, ipis      int
	diagnoses                    Diagnoses
	blame                        blameSum
	conditions                   conditionSum
}

func newCollector(h Head) *collector {
	c := &collector{head: h, clusters: clusterSet{}, loads: make([]loadSum, len(h.Fixes)), block: make([]*trial.Result, len(h.Fixes))}
	c.course = newCourse(&c.head)
	for _, class := range h.Scenarios {
		rows := make([]rowSum, len(h.Fixes))
		for i := range rows {
			rows[i].diagnoses, rows[i].blame = Diagnoses{}, blameSum{}
		}
		c.rows = append(c.rows, rows)
		c.sampled = append(c.sampled, newPairSample(h.Seed, class.Name))
	}
	return c
}

func (c *collector) add(r *trial.Result) {
	at := c.course.next()
	c.trials++
	c.rows[at.scenario][at.fix].conditions.add(r.Conditions)
	if r.LeftOut == "" {
		c.rows[at.scenario][at.fix].add(r)
		c.loads[at.fix].add(r)
		if r.Failed() {
			c.clusters.add(r)
		}
	} else {
		c.rows[at.scenario][at.fix].leaveOut(r)
		if c.whyOut == "" && !c.head.Fixes[at.fix].Planted() {
			c.whyOut = r.LeftOut
		}
	}
	c.block[at.fix] = r
	c.course.take(r)
	if c.course.done() || c.course.next().block() != at.block() {
		c.endBlock(at.scenario)
	}
}

// endBlock collects the waits of a block, except those of trials that are left out.
func (c *collector) endBlock(scenario int) {
	for i, r := range c.block {
		if leftOut(r) {
			c.block[i] = nil
		}
	}
	c.sampled[scenario].add(c.block)
	clear(c.block)
}

func (s *rowSum) leaveOut(r *trial.Result) {
	s.leftOut++
	if r.Conditions != nil && r.Conditions.Starved {
		s.starved++
	}
}

func (s *rowSum) add(r *trial.Result) {
	s.trials++
	if r.Hung() {
		s.hung++
	}
	if r.HungTasks > 0 {
		s.reported++
	}
	if r.RCUStalls > 0 {
		s.stalled++
	}
	if r.Truncated {
		s.truncated++
	}
	for _, cl := range r.Closes {
		s.waits.add(cl.Wait, cl.Censored)
		if !cl.Censored {
			s.returned++
			s.normal += cl.Waited.Normal
			s.expedited += cl.Waited.Expedited
			s.ipis += cl.IPIs
		}
	}
	s.workerD.add(r.WorkerD, false)
	s.diagnoses[r.Diagnosis]++
	s.blame.add(r.Blame)
}

func (c *collector) summary() *Summary {
	sum := &Summary{Head: c.head, Trials: c.trials, CutShort: !c.course.done(), Clusters: c.clusters.sorted(), WhyLeftOut: c.whyOut}
	base := c.head.baseline()
	for i, class := range c.head.Scenarios {
		cs := ClassSummary{Class: class}
		var table []*Comparison
		for j := range c.head.Fixes {
			row := c.rows[i][j].row(class.Name, c.head.Fixes[j].Name)
			row.HangRate = c.head.Interval(row.Hung, row.Trials)
			if t := &c.course.tallies[i][j]; c.head.compared(j) && t.pairs > 0 && row.Undecided() == "" {
				row.VsBaseline = t.comparison(t.p(&c.head, &t.hangs), t.p(&c.head, &t.closes))
				row.VsBaseline.Median = c.sampled[i].medianRatio(j, base)
				table = append(table, row.VsBaseline)
			}
			cs.Rows = append(cs.Rows, row)
		}
		correct(table)
		sum.Classes = append(sum.Classes, cs)
	}
	sum.Overall = c.overall()
	for j := range c.loads {
		sum.Loads = append(sum.Loads, c.loads[j].load(&c.head, c.head.Fixes[j].Name))
	}
	sum.Checks = sum.checkControls()
	return sum
}

func (c *collector) overall() (all []Overall) {
	var table []*Comparison
	for j, f := range c.head.Fixes {
		s, closes := rowSum{blame: blameSum{}}, 0
		for i := range c.rows {
			r := &c.rows[i][j]
			for cause, share := range r.blame {
				s.blame.put(cause, share)
			}
			closes += r.waits.count
			s.trials += r.trials
			s.hung += r.hung
		}
		o := Overall{Fix: f.Name, Trials: s.trials, Hung: s.hung, Blame: s.blame.blame(closes)}
		if t := &c.course.overall[j]; c.head.compared(j) && t.pairs > 0 {
			// The scenarios with many pairs depend on the results, so only a
			// sequential test over all scenarios is valid.
			p := func(s *stat.SignTest) float64 { return stat.McNemar(s.Up, s.Down) }
			if c.head.UntilDecided {
				p = (*stat.SignTest).P
			}
			o.VsBaseline = t.comparison(p(&t.hangs), p(&t.closes))
			table = append(table, o.VsBaseline)
		}
		all = append(all, o)
	}
	correct(table)
	return all
}

func (s *rowSum) row(class, fix string) Row {
	r := Row{
		Class: class, Fix: fix,
		Trials: s.trials, Hung: s.hung,
		Reported: s.reported, Stalled: s.stalled, Truncated: s.truncated, LeftOut: s.leftOut, Starved: s.starved,
		Closes: s.waits.count, Censored: s.waits.censored, Close: s.waits.quantiles(), Waits: s.waits.distribution(),
		Returned:  s.returned,
		WorkerD:   s.workerD.quantiles(),
		Diagnoses: s.diagnoses,
		Blame:     s.blame.blame(s.waits.count),

		Conditions: s.conditions.mean(),
	}
	causes := s.blame.causes()
	r.Causes = causes[:min(len(causes), maxCauses)]
	if s.returned > 0 {
		n := float64(s.returned)
		r.Normal, r.Expedited, r.IPIs = float64(s.normal)/n, float64(s.expedited)/n, float64(s.ipis)/n
	}
	return r
}

// Interval returns the interval of a hang rate. If the number of trials of the
// campaign depends on their results, the interval is valid for such a number.
func (h *Head) Interval(hung, trials int) stat.Interval {
	if h.UntilDecided {
		return stat.Sequence(hung, trials, Level)
	}
	return stat.ClopperPearson(hung, trials, Level)
}

func (t *tally) comparison(hangs, closes float64) *Comparison {
	return &Comparison{
		Pairs:        t.pairs,
		OnlyBaseline: t.hangs.Up, OnlyFix: t.hangs.Down, P: hangs,
		Shorter: t.closes.Up, Longer: t.closes.Down, CloseCorrected: closes,
	}
}

// correct corrects the p-values of the hang rates and of the waits, as two
// families.
func correct(comparisons []*Comparison) {
	hangs := make([]float64, len(comparisons))
	waits := make([]float64, len(comparisons))
	for i, c := range comparisons {
		hangs[i], waits[i] = c.P, c.CloseCorrected
	}
	hangs, waits = stat.Holm(hangs), stat.Holm(waits)
	for i, c := range comparisons {
		c.Corrected, c.CloseCorrected = hangs[i], waits[i]
	}
}
