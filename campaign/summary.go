package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
)

// Level is the confidence of every interval in a summary.
const Level = 0.95

// Power is the chance with which a detectable difference would be found.
const Power = 0.8

// Summary holds the findings of a campaign.
type Summary struct {
	Head   Head
	Trials int // summed up
	// CutShort: trials of the campaign are missing.
	CutShort bool
	Classes  []ClassSummary
	// Overall holds a row for each candidate over all scenarios.
	Overall []Overall
	Checks  []Check
	// Loads are the hang rates against storm load, over all scenarios.
	Loads []Load
	// Clusters are the failures, grouped by cause.
	Clusters []Cluster
}

// ClassSummary holds one row for each candidate.
type ClassSummary struct {
	Class
	Rows []Row
}

// Row sums up the trials of one candidate in one scenario.
type Row struct {
	Class string `json:"scenario"`
	Fix   string `json:"fix"`

	Trials   int           `json:"trials"`
	Hung     int           `json:"hung"`
	HangRate stat.Interval `json:"hang_rate"`
	// Reported and Stalled count the trials in which the hung-task and the
	// RCU stall detector printed.
	Reported int `json:"hung_task_reported"`
	Stalled  int `json:"rcu_stall_reported"`
	// Truncated counts the trials cut off by the model's limit on steps.
	Truncated int `json:"truncated"`
	// LeftOut counts the trials that are in no other figure of the row, for
	// their conditions were not the scenario's.
	LeftOut int `json:"left_out,omitempty"`

	Closes   int       `json:"closes"`
	Censored int       `json:"censored"`
	Close    Quantiles `json:"close"`
	// Waits is the distribution of the closes that came back.
	Waits Distribution `json:"waits"`
	// Returned counts the closes that came back; the figures per close are
	// their means.
	Returned  int     `json:"returned"`
	Normal    float64 `json:"normal_gps_per_close"`
	Expedited float64 `json:"expedited_gps_per_close"`
	IPIs      float64 `json:"ipis_per_close"`

	// WorkerD is the longest time a kworker slept in D state inside
	// process_srcu, over trials.
	WorkerD Quantiles `json:"kworker_d"`

	Diagnoses Diagnoses `json:"diagnoses"`
	// Causes are the largest causes of waits, each a whole chain of waits.
	Causes []Cause `json:"causes,omitempty"`
	// Blame is all that close() waited for; nil if no trial has any.
	Blame *Blame `json:"blame,omitempty"`
	// Conditions are what the trials met, those that are left out included; nil if
	// no trial has any.
	Conditions *Conditions `json:"conditions,omitempty"`
	// VsBaseline compares the pairs; nil for the controls, which are there
	// to misbehave.
	VsBaseline *Comparison `json:"vs_baseline,omitempty"`
}

// Undecided says why the row shows nothing, empty if it does: more than half of its
// trials are left out, or, where no trial hung, readers and updaters never ran at
// once.
func (r *Row) Undecided() string {
	switch c := r.Conditions; {
	case r.LeftOut > r.Trials:
		return fmt.Sprintf("%d of %d left out", r.LeftOut, r.LeftOut+r.Trials)
	case c != nil && c.Together == 0 && r.Hung == 0 && r.unsafe() == 0:
		return "never at once"
	}
	return ""
}

// Overall sums up the trials of one candidate in all scenarios.
type Overall struct {
	Fix    string `json:"fix"`
	Trials int    `json:"trials"`
	Hung   int    `json:"hung"`
	// Blame attributes the waits; nil if the trials do not record it.
	Blame *Blame `json:"blame,omitempty"`
	// VsBaseline compares the pairs of all scenarios; it has no ratio of
	// medians, as the scenarios differ too much for one. Nil for the
	// controls.
	VsBaseline *Comparison `json:"vs_baseline,omitempty"`
}

// Diagnoses counts trials by diagnosis.
type Diagnoses map[trial.Diagnosis]int

// unsafe counts the trials in which an oracle saw memory misused.
func (r *Row) unsafe() int { return r.Diagnoses[trial.Unsafe] }

// Severity lists the diagnoses from good to bad.
var Severity = []trial.Diagnosis{trial.OK, trial.Slow, trial.Starved, trial.LostWakeup, trial.Deadlock, trial.Unsafe}

// Comparison is a candidate against the baseline in the same trials.
type Comparison struct {
	Pairs int `json:"pairs"`
	// OnlyBaseline and OnlyFix count the pairs in which one hung and the
	// other did not.
	OnlyBaseline int `json:"only_baseline_hung"`
	OnlyFix      int `json:"only_fix_hung"`
	// P is McNemar's exact p-value, or that of the sequential sign test in a
	// campaign that runs until it has decided; Corrected is P after Holm's correction
	// for the comparisons of the same table: those of the scenario, or those
	// over all scenarios.
	P         float64 `json:"p"`
	Corrected float64 `json:"p_corrected"`
	// Median is the ratio of the median close(), fix to baseline.
	Median stat.Ratio `json:"median_ratio"`
	// Shorter and Longer count the pairs in which the median close() of the
	// fix's trial was shorter or longer than that of the baseline's;
	// CloseCorrected is the sign test's p-value, corrected like P.
	Shorter        int     `json:"pairs_shorter"`
	Longer         int     `json:"pairs_longer"`
	CloseCorrected float64 `json:"close_p_corrected"`
}

// HangsLess and HangsMore report a difference in hang rate that the number of
// comparisons does not explain away.
func (c *Comparison) HangsLess() bool {
	return c.Corrected < 1-Level && c.OnlyBaseline > c.OnlyFix
}

// HangsMore is the opposite of HangsLess.
func (c *Comparison) HangsMore() bool {
	return c.Corrected < 1-Level && c.OnlyFix > c.OnlyBaseline
}

// ClosesSooner and ClosesLater report a difference in the time close() takes
// that the number of comparisons does not explain away.
func (c *Comparison) ClosesSooner() bool {
	return c.CloseCorrected < 1-Level && c.Shorter > c.Longer
}

// ClosesLater is the opposite of ClosesSooner.
func (c *Comparison) ClosesLater() bool {
	return c.CloseCorrected < 1-Level && c.Longer > c.Shorter
}

// collector sums trials up as they come, in plan order. Its memory does not
// grow with their number.
type collector struct {
	head     Head
	trials   int
	course   *course
	block    []*trial.Result // by fix: of the block under way
	rows     [][]rowSum      // by scenario, fix
	sampled  []pairSample    // by scenario
	loads    []loadSum       // by fix
	clusters clusterSet
}

type rowSum struct {
	trials, hung                 int
	reported, stalled, truncated int
	leftOut                      int
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
		c.rows[at.scenario][at.fix].leftOut++
	}
	c.block[at.fix] = r
	c.course.take(r)
	if c.course.done() || c.course.next().block() != at.block() {
		c.endBlock(at.scenario)
	}
}

// endBlock keeps the waits of a block, but those of trials that are left out.
func (c *collector) endBlock(scenario int) {
	for i, r := range c.block {
		if leftOut(r) {
			c.block[i] = nil
		}
	}
	c.sampled[scenario].add(c.block)
	clear(c.block)
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
	sum := &Summary{Head: c.head, Trials: c.trials, CutShort: !c.course.done(), Clusters: c.clusters.sorted()}
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
			// Which scenarios have many pairs depends on what was found, so that
			// only a sequential test of them all holds.
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
		Reported: s.reported, Stalled: s.stalled, Truncated: s.truncated, LeftOut: s.leftOut,
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

// Interval is that of a hang rate. It holds for a number of trials that depends on
// what they found, if that of the campaign does.
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

// correct corrects the hang rates' and the waits' p-values, a family each.
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
