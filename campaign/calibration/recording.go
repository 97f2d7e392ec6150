package calibration

import (
	"bufio"
	"bytes"
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
	Fix    string `json:"fix,omitempty"` // the candidate that a module put into it
	// Scenario is its name, Content the hash of what it was.
	Scenario string `json:"scenario"`
	Content  string `json:"content"`
	Boot     int    `json:"boot"`
	Machine  string `json:"machine"` // that ran the kernel, with its version
	Date     string `json:"date"`    // 2026-11-29
	// Storm is the share of the CPU that the storm took.
	Storm  float64         `json:"storm,omitempty"`
	Closes []time.Duration `json:"closes_ns"`
	// Overdue counts the closes that took the hung-task timeout or longer, HungTasks
	// and RCUStalls the lines of the watchdogs.
	Overdue   int `json:"overdue,omitempty"`
	HungTasks int `json:"hung_tasks,omitempty"`
	RCUStalls int `json:"rcu_stalls,omitempty"`
}

// Record makes the recording of a trial of a real kernel. A trial that counts for
// nothing has none.
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

// ReadRecordings reads recordings, one a line.
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

// recorded are the scenarios that recordings were made of, by name.
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

// cell is a scenario on a kernel, with a candidate or without.
type cell struct{ scenario, kernel, fix string }

func (c cell) String() string {
	return strings.TrimSuffix(c.scenario+", "+c.kernel+", "+c.fix, ", ")
}

// grouped are the cells of recordings, in their order, with all closes of each.
func grouped(all []Recording) (cells []cell, waits map[cell][]time.Duration) {
	waits = map[cell][]time.Duration{}
	for i := range all {
		c := cell{all[i].Scenario, all[i].Kernel, all[i].Fix}
		if waits[c] == nil {
			cells = append(cells, c)
		}
		waits[c] = append(waits[c], all[i].Closes...)
	}
	for _, w := range waits {
		slices.Sort(w)
	}
	return cells, waits
}
