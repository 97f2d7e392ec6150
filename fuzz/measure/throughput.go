package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// targets are those whose throughput is measured, by package; the first is empty.
var targets = []struct{ pkg, name string }{
	{"./fuzz/measure", "FuzzEmpty"},
	{"./fuzz", "FuzzTeardown"}, {"./fuzz", "FuzzOrder"}, {"./fuzz", "FuzzLive"},
	{"./fuzz", "FuzzScenario"}, {"./fuzz", "FuzzLitmus"}, {"./fuzz", "FuzzToken"},
	{"./campaign", "FuzzResults"},
}

// throughput fuzzes every target in turn for as long as each says, from the seeds
// that it has, with one worker.
func throughput(each time.Duration) error {
	dir, err := os.MkdirTemp("", "measure-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("| target | edge counters | executions | per second | per CPU second | of an empty target's |\n|---|---|---|---|---|---|")
	var empty float64
	for i, t := range targets {
		ways := []way{{name: "everywhere"}}
		if t.name == target {
			ways = append(ways, way{name: "situations only", marks: true})
		}
		for j, w := range ways {
			w.binary = filepath.Join(dir, fmt.Sprintf("%d-%d.test", i, j))
			build := []string{"test", "-c", "-o", w.binary, "-fuzz", "^" + t.name + "$", t.pkg}
			if w.marks {
				build = []string{"test", "-c", "-o", w.binary, "-gcflags", marks + "=-d=libfuzzer", t.pkg}
			}
			if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
				return fmt.Errorf("go %v: %w\n%s", build, err, out)
			}
			work := filepath.Join(dir, fmt.Sprintf("%d-%d", i, j))
			if err := copySeeds(work, t.pkg, t.name); err != nil {
				return err
			}
			began := time.Now()
			o, err := fuzz(w.binary, work, t.name, each, "GPSTORM_MEASURE=on")
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			if o.found {
				return fmt.Errorf("%s: has failed; go test -fuzz shows how", t.name)
			}
			rate := float64(o.executions) / o.cpu.Seconds()
			if i == 0 {
				empty = rate
			}
			fmt.Printf("| `%s` | %s | %d | %.0f | %.0f | %.3g %% |\n", t.name, w.name, o.executions,
				float64(o.executions)/time.Since(began).Seconds(), rate, 100*rate/empty)
		}
	}
	return nil
}

// copySeeds gives a campaign the seeds that a target has as files.
func copySeeds(work, pkg, name string) error {
	to := filepath.Join(work, "testdata", "fuzz", name)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	seeds, err := filepath.Glob(filepath.Join(pkg, "testdata", "fuzz", name, "*"))
	if err != nil {
		return err
	}
	for _, from := range seeds {
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(from)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
