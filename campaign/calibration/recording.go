package calibration

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/testdata/recordings"
	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Recording holds the measured times of a scenario in one boot of a real kernel.
type Recording struct {
	Kernel string `json:"kernel"`        // 7.0.13
	Fix    string `json:"fix,omitempty"` // the candidate, loaded as a module
	// Scenario is the name of the scenario, Content the hash of its content.
	Scenario string `json:"scenario"`
	Content  string `json:"content"`
	Boot     int    `json:"boot"`
	Machine  string `json:"machine"` // the emulator that ran the kernel, with its version
	Date     string `json:"date"`    // 2026-11-29
	// Storm is the share of the CPU's time that the storm took.
	Storm  float64         `json:"storm,omitempty"`
	Closes []time.Duration `json:"closes_ns"`
	// Overdue counts the closes that took the hung-task timeout or longer; HungTasks and
	// RCUStalls count the reports of the watchdogs.
	Overdue   int `json:"overdue,omitempty"`
	HungTasks int `json:"hung_tasks,omitempty"`
	RCUStalls int `json:"rcu_stalls,omitempty"`
}

// Record makes the recording of a trial of a real kernel. ok is false for a trial that
// does not count.
func Record(r *trial.Result, sc *workload.Scenario, kernel, fix, machine, date string) (rec Recording, ok bool) {
	rec = Recording{
		Kernel: kernel, Fix: fix, Scenario: sc.Name, Content: campaign.ClassOf(sc).Content, Boot: r.Variation,
		Machine: machine, Date: date, Storm: math.Round(1000*r.StormDuty) / 1000,
		Overdue: r.Overdue, HungTasks: r.HungTasks, RCUStalls: r.RCUStalls,
	}
	for _, c := range r.Closes {
		rec.Closes = append(rec.Closes, c.Wait)
	}
	return rec, r.LeftOut == "" && len(rec.Closes) > 0
}

// ReadRecordings reads recordings, one per line.
func ReadRecordings(r io.Reader) (all []Recording, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var rec Recording
		if err := campaign.DecodeLine(lines.Bytes(), &rec); err != nil {
			return nil, fmt.Errorf("recordings: line %d: %w", n, err)
		}
		if len(rec.Closes) == 0 {
			return nil, fmt.Errorf("recordings: line %d: closes_ns: want at least one", n)
		}
		all = append(all, rec)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	if len(all) == 0 {
		return nil, errors.New("recordings: none: want at least one line")
	}
	return all, nil
}

// Shipped returns the recordings that are part of the program.
func Shipped() ([]Recording, error) {
	var all []Recording
	paths, err := fs.Glob(recordings.Files, "*.jsonl")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		b, err := recordings.Files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		some, err := ReadRecordings(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// recorded returns the scenarios of recordings by name.
func recorded() (map[string]workload.Scenario, error) {
	files, err := scenarios.Scenarios.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := map[string]workload.Scenario{}
	for _, f := range files {
		b, err := scenarios.Scenarios.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		sc, err := workload.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("boot/%s: %w", f.Name(), err)
		}
		all[sc.Name] = sc
	}
	return all, nil
}

// cell is a scenario on a kernel, with or without a candidate.
type cell struct{ scenario, kernel, fix string }

func (c cell) String() string {
	return strings.TrimSuffix(c.scenario+", "+c.kernel+", "+c.fix, ", ")
}

// measured holds the sorted times of the closes of a cell: of all boots, and of each.
type measured struct {
	all   []time.Duration
	boots map[int][]time.Duration
}

// grouped returns the cells of recordings in order of appearance, with their closes.
func grouped(all []Recording) (cells []cell, waits map[cell]*measured) {
	waits = map[cell]*measured{}
	for i := range all {
		c := cell{all[i].Scenario, all[i].Kernel, all[i].Fix}
		if waits[c] == nil {
			cells = append(cells, c)
		}
		collect(waits, c, all[i].Boot, all[i].Closes...)
	}
	sortCloses(waits)
	return cells, waits
}

// collect adds closes of a boot.
func collect(to map[cell]*measured, c cell, boot int, closes ...time.Duration) {
	m := to[c]
	if m == nil {
		m = &measured{boots: map[int][]time.Duration{}}
		to[c] = m
	}
	m.all = append(m.all, closes...)
	m.boots[boot] = append(m.boots[boot], closes...)
}

func sortCloses(of map[cell]*measured) {
	for _, m := range of {
		slices.Sort(m.all)
		for _, b := range m.boots {
			slices.Sort(b)
		}
	}
}

// over returns the median, over the boots that both cells have, of the ratios of their
// figures: such boots alternated. Without such boots it returns the ratio of the medians
// of all closes.
func (m *measured) over(to *measured) float64 {
	var ratios []float64
	for boot, closes := range m.boots {
		if base, ok := to.boots[boot]; ok {
			ratios = append(ratios, middle(closes)/middle(base))
		}
	}
	n := len(ratios)
	if n == 0 {
		return middle(m.all) / middle(to.all)
	}
	slices.Sort(ratios)
	return (ratios[(n-1)/2] + ratios[n/2]) / 2
}

// extremes adds the extremes of the boots' figures to a row. A boot may have no figure.
func (m *measured) extremes(r *Row, figure func(boot int, closes []time.Duration) (float64, bool)) {
	for boot, closes := range m.boots {
		f, ok := figure(boot, closes)
		if !ok {
			continue
		}
		if r.Boots++; r.Boots == 1 {
			r.Least, r.Most = f, f
		}
		r.Least, r.Most = min(r.Least, f), max(r.Most, f)
	}
}
