package fuzz

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// comment matches a comment after code, but no directive.
var comment = regexp.MustCompile(`(?m)[ \t]+// .*$`)

// fault is a change of a file of package srcu, and what finds it.
type fault struct{ file, good, bad, finds string }

// faults are those that FuzzStorm must find within a minute. The package has had three of
// them; those of Map and List were made up.
var faults = map[string]fault{
	"Update reads outside of a section": {
		"pointer.go", `	t := d.FencedReadLock()
	defer d.FencedReadUnlock(t)
	old = p.p.Load()
`, `	old = p.p.Load()
`, "an update gave its function a freed value",
	},
	"a callback runs after Close": {
		"close.go", `	if err := d.admission.drained(ctx); err != nil {
		return err
	}
	return d.Barrier(ctx)
`, `	return nil
`, "a callback that was accepted ran after Close had returned, or never",
	},
	"List frees at once": {
		"list.go", `	l.d.enqueue(func() { l.retire(e) }, false, false)
`, `	if l.free != nil {
		l.free(e.value)
	}
	l.d.admission.give(1)
`, "a reader holds a value of a List that was freed",
	},
	"List removes an element from one direction": {
		"list.go", `		next.prev = e.prev
	} else {
		l.last = e.prev
`, `	} else {
		l.last = e.prev
`, "a List lost a value, or showed it twice|a value was freed twice|a reader holds a value of a List that was freed|fuzzing process hung or terminated unexpectedly",
	},
	"Map frees at once": {
		"map.go", `	defer func() { retireAdmitted(m.d, old, m.free) }()
`, `	defer func() {
		if old != nil {
			m.free(old)
		}
		m.d.admission.give(1)
	}()
`, "a reader holds a value that was freed",
	},
	"OnPanic that ends its goroutine stops callbacks": {
		"call.go", `	defer func() {
		if !finished {
			d.invoker.Queue(0)
			go d.invokeFn()
		}
	}()
`, ``, "a callback after one that panicked did not run|the last grace period never ended",
	},
}

// faulty returns the text of the file with the fault.
func (f *fault) faulty(t *testing.T) (path, text string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "srcu", f.file))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	source := comment.ReplaceAllString(string(b), "")
	if strings.Count(source, f.good) != 1 {
		t.Fatalf("%s no longer has the lines that the fault replaces", f.file)
	}
	return path, strings.Replace(source, f.good, f.bad, 1)
}

func TestFaultsFitTheirFiles(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) { fault.faulty(t) })
	}
}

// The compiler is given the faulty file in the place of the real one.
func TestStormFindsFaultsThatArePutBack(t *testing.T) {
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("takes minutes: GPSTORM_LONG=on")
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			path, text := fault.faulty(t)
			dir := t.TempDir()
			bad, overlay := filepath.Join(dir, fault.file), filepath.Join(dir, "overlay.json")
			if err := os.WriteFile(bad, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(map[string]map[string]string{"Replace": {path: bad}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(overlay, b, 0o644); err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "fault.test")
			build := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay="+overlay, "-c", "-fuzz=^FuzzStorm$", "-o="+binary, ".")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			// The fuzzer writes what it finds below its own directory.
			cmd := exec.CommandContext(t.Context(), binary, "-test.run=^$", "-test.fuzz=^FuzzStorm$", "-test.fuzztime=60s",
				"-test.fuzzminimizetime=1x", "-test.parallel=1", "-test.fuzzcachedir="+dir)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil || !regexp.MustCompile(fault.finds).Match(out) {
				t.Errorf("not found: %v, want %q in\n%s", err, fault.finds, out)
			}
		})
	}
}
