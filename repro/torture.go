package repro

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign/stat"
)

// Torture contains the results of rcutorture in a log: the console of one run
// (kernel/rcu/rcutorture.c), or the summary of many (kvm.sh).
type Torture struct {
	Type string `json:"type,omitempty"` // the tortured RCU: "rcu", "srcu"
	// Verdict is the run's own: "SUCCESS", "FAILURE", "RCU_HOTPLUG", or
	// "unfinished" without one.
	Verdict string `json:"verdict,omitempty"`
	Start   int    `json:"start,omitempty"` // lines
	End     int    `json:"end,omitempty"`
	// Seconds is the duration of the run, if the log has times.
	Seconds float64 `json:"seconds,omitempty"`
	// Updates counts the elements that the writer has replaced: each waited for a
	// grace period.
	Updates uint64 `json:"updates,omitempty"`
	// Pipe counts readers by the number of grace periods that began and ended while
	// they held a replaced element. From the third number on, a grace period was
	// too short.
	Pipe      []uint64     `json:"reader_pipe,omitempty"`
	Anomalies []Link       `json:"anomalies,omitempty"`
	Runs      []TortureRun `json:"runs,omitempty"`
	Bound     *Bound       `json:"bound,omitempty"`

	from, to *float64
	stats    int // the line of the last counters
	first    *counted
}

// counted is the number of updates at a time.
type counted struct {
	updates uint64
	at      *float64
}

// TortureRun is one line of kvm.sh's summary.
type TortureRun struct {
	Line   int     `json:"line"`
	Name   string  `json:"scenario"`
	GPs    uint64  `json:"grace_periods"`
	Rate   float64 `json:"per_second"`
	Failed bool    `json:"failed,omitempty"`
}

// Bound is the highest hang rate that is compatible with a run without a hang: the
// upper end of the exact one-sided 95 % interval of Clopper and Pearson.
type Bound struct {
	GPs     uint64  `json:"grace_periods"`
	Hours   float64 `json:"hours"`
	PerGP   float64 `json:"per_grace_period"`
	PerHour float64 `json:"per_hour"`
}

// torture reads lines of rcutorture and of kvm.sh.
func (f *Facts) torture(e *entry) bool {
	if t := f.Torture; t != nil && t.Type != "" {
		switch text := strings.TrimSpace(e.text[:min(len(e.text), 1000)]); {
		case t.stats > 0 && e.line == t.stats+1 && !e.stamped && strings.Contains(text, ": ") && !strings.Contains(text, "-torture:"):
			t.counters(e, text) // a mail wrapped the line
			return true
		case strings.HasPrefix(text, "WARNING: CPU: "), strings.HasPrefix(text, "BUG: "), strings.HasPrefix(text, "Oops: "):
			t.anomaly(e, "%s", name(text[:min(len(text), 160)]))
		}
	}
	if i := strings.Index(e.text[:min(len(e.text), 48)], "-torture:"); i >= 0 {
		kind := e.text[:i]
		if j := strings.LastIndexAny(kind, " \t"); j >= 0 {
			kind = kind[j+1:]
		}
		f.tortureLine(e, kind, strings.TrimLeft(e.text[i+len("-torture:"):], " "))
		return true
	}
	return f.kvmLine(e)
}

func (f *Facts) run() *Torture {
	if f.Torture == nil {
		f.Torture = &Torture{}
	}
	return f.Torture
}

func (f *Facts) tortureLine(e *entry, kind, text string) {
	t := f.run()
	if t.Type == "" {
		t.Type = name(kind)
	}
	if w := e.where(); w.At != nil {
		if t.from == nil {
			t.from = w.At
		}
		t.to = w.At
	}
	failed := strings.Contains(text, "!!!")
	switch {
	case strings.HasPrefix(text, "--- Start of test:"):
		t.Start = e.line
		if w := e.where(); w.At != nil {
			t.from = w.At
		}
	case strings.HasPrefix(text, "--- End of test: "):
		word, _, _ := strings.Cut(strings.TrimPrefix(text, "--- End of test: "), ":")
		t.Verdict, t.End = name(strings.TrimSpace(word)), e.line
	case strings.Contains(text, "Reader Pipe:"):
		_, counts, _ := strings.Cut(text, "Reader Pipe:")
		t.Pipe = t.Pipe[:0]
		for i, w := range strings.Fields(counts[:min(len(counts), 400)]) {
			n, err := strconv.ParseUint(w, 10, 64)
			if err != nil {
				break
			}
			t.Pipe = append(t.Pipe, n)
			if i >= 2 && n > 0 {
				t.anomaly(e, "readers saw an element through %d grace periods", i)
			}
		}
	case strings.Contains(text, " ver: "):
		t.counters(e, text)
	case failed:
		t.anomaly(e, "%s", name(strings.TrimSpace(text[:min(len(text), 160)])))
	}
}

// anomaly records the first one of each kind.
func (t *Torture) anomaly(e *entry, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, a := range t.Anomalies {
		if a.Text == text {
			return
		}
	}
	if len(t.Anomalies) < maxSuspects {
		t.Anomalies = append(t.Anomalies, Link{text, e.line})
	}
}

// errorCounters are the counters of the statistics line that must stay 0
// (rcu_torture_stats_print).
var errorCounters = map[string]string{
	"rtmbe:": "memory barriers failed", "rtbe:": "boosting failed to start", "rtbke:": "boost kthreads failed to start",
	"rtbf:": "boosting failed", "rtbre:": "boosting real-time priorities failed",
}

func (t *Torture) counters(e *entry, text string) {
	t.stats = e.line
	words := strings.Fields(text[:min(len(text), 1000)])
	for i := 0; i+1 < len(words); i++ {
		n, err := strconv.ParseUint(words[i+1], 10, 64)
		if err != nil {
			continue
		}
		if words[i] == "ver:" {
			if t.first == nil {
				t.first = &counted{n, e.where().At}
			}
			t.Updates = max(t.Updates, n)
		}
		if what, ok := errorCounters[words[i]]; ok && n > 0 {
			t.anomaly(e, "%s (%s not 0)", what, strings.TrimSuffix(words[i], ":"))
		}
	}
}

// Lines of kvm-recheck.sh after a run whose QEMU had to be killed, since the guest did
// not end in time, or failed.
const (
	qemuKilled = "QEMU killed"
	qemuError  = "QEMU error"
)

// kvmLine reads a line of kvm.sh's summary.
func (f *Facts) kvmLine(e *entry) bool {
	text := strings.TrimSpace(e.text[:min(len(e.text), 400)])
	if scenario, rest, ok := strings.Cut(text, " ------- "); ok && !strings.ContainsAny(scenario, " \t") && scenario != "" {
		gps, rate, ok := strings.Cut(rest, " GPs (")
		r := TortureRun{Line: e.line, Name: name(scenario)}
		n, err := strconv.ParseUint(gps, 10, 64)
		if ok && err == nil {
			r.GPs = n
			rate, _, _ = strings.Cut(rate, "/s)")
			if perSecond, err := strconv.ParseFloat(rate, 64); err == nil && perSecond > 0 && perSecond < 1e9 {
				r.Rate = perSecond
			}
		}
		t := f.run()
		t.Runs = append(t.Runs, r)
		return true
	}
	switch {
	case strings.HasPrefix(text, "!!! PID ") && strings.Contains(text, " hung at "),
		text == qemuKilled, text == qemuError, text == qemuError+", output:",
		strings.HasPrefix(text, "Summary: ") && f.Torture != nil && len(f.Torture.Runs) > 0,
		strings.HasSuffix(text, "runs with runtime errors.") || strings.HasSuffix(text, "runs with build errors."),
		strings.HasPrefix(text, "WARNING: ") && strings.Contains(text, "in ") && f.Torture != nil && len(f.Torture.Runs) > 0:
		t := f.run()
		t.anomaly(e, "%s", name(text))
		if n := len(t.Runs); n > 0 {
			t.Runs[n-1].Failed = true
		}
		return true
	}
	return false
}

// judge determines the verdict, the duration and the bound.
func (t *Torture) judge(f *Facts) {
	summary := len(t.Runs) > 0 || t.Type == "" && len(t.Anomalies) > 0
	if t.Verdict == "" && !summary {
		t.Verdict = "unfinished"
	}
	if summary && t.Verdict == "" {
		t.Verdict = "SUCCESS"
		if len(t.Anomalies) > 0 {
			t.Verdict = "FAILURE"
		}
	}
	if t.from != nil && t.to != nil {
		t.Seconds = max(0, *t.to-*t.from)
	}
	gps, spent := t.Updates, t.Seconds
	if c := t.first; t.Start == 0 && c != nil {
		// The beginning is not in the log: what was counted since is.
		gps, spent = gps-c.updates, 0
		if c.at != nil && t.to != nil {
			spent = max(0, *t.to-*c.at)
		}
	}
	for _, r := range t.Runs {
		gps += r.GPs
		if r.Rate > 0 {
			spent += float64(r.GPs) / r.Rate
		}
	}
	hung := len(f.Hung)+len(f.Stalls)+len(f.Expedited) > 0
	for _, a := range t.Anomalies {
		hung = hung || strings.Contains(a.Text, " hung at ") || a.Text == qemuKilled || strings.HasPrefix(a.Text, qemuError)
	}
	if hung || gps == 0 || spent < 1 || gps > 1<<53 {
		return
	}
	// The upper end of a two-sided 90 % interval is that of a one-sided 95 %
	// interval.
	upper := stat.ClopperPearson(0, int(gps), 0.90).Hi
	hours := spent / 3600
	t.Bound = &Bound{GPs: gps, Hours: hours, PerGP: upper, PerHour: upper * float64(gps) / hours}
}
