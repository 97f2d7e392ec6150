package command

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
)

// booted is a world whose boots take no time. It interrupts the campaign in the middle of
// a boot.
type booted struct {
	*boot.World
	boots     []string // the kernel and the scenarios of each
	limit     int      // boots until the interrupt; 0 is none
	interrupt func()
}

func (b *booted) RunAll(ctx context.Context, specs []world.Spec, _ world.Want) (results []trial.Result, err error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	text := specs[0].Subject
	for i := range specs {
		text += " " + strings.TrimPrefix(specs[i].Scenario.Name, "boot-")
	}
	b.boots = append(b.boots, text)
	for i := range specs {
		if len(b.boots) == b.limit && i > 0 {
			b.interrupt()
			return results, ctx.Err()
		}
		r := trial.Result{Symptom: trial.NoSymptom, Diagnosis: trial.OK, Closes: []trial.Close{{Task: "closer-0", Wait: time.Duration(specs[i].Seed % 1e9)}}}
		specs[i].Label(&r)
		results = append(results, r)
	}
	return results, nil
}

// evaluated runs a campaign of two kernels, two scenarios and two repetitions.
func evaluated(t *testing.T, out string, limit int, resume bool) (ran []string, lines []byte, kept *finished) {
	t.Helper()
	w, err := boot.New(boot.Kernel{Name: "base", Version: "7.0.13"}, boot.Kernel{Name: "old", Version: "6.19.14"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := &booted{World: w, limit: limit, interrupt: cancel}
	kept = finishedBeside(outFile(out), resume)
	p := &campaign.Plan{Fixes: w.Subjects(), Scenarios: boot.Presets()[:3], Variations: 2, Seed: 1}
	sum, err := campaign.Run(ctx, p, &boots{booting: b, parallel: 1, finished: kept}, campaign.Options{Out: out, Resume: resume})
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.close(!sum.CutShort); err != nil {
		t.Fatal(err)
	}
	if lines, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	return b.boots, lines, kept
}

func TestAnInterruptLosesNoTrialThatFinished(t *testing.T) {
	t.Parallel()
	const all = "calm hrtimer-80 hrtimer-95"
	whole, want, _ := evaluated(t, filepath.Join(t.TempDir(), "whole"), 0, false)
	if diff := cmp.Diff([]string{"base " + all, "old " + all, "base " + all, "old " + all}, whole); diff != "" {
		t.Fatal(diff)
	}
	for _, c := range []struct {
		limit int
		note  string
		left  []string
	}{
		// One trial of the first boot; none waits, since it is the first of the plan.
		{1, "", []string{"old " + all, "base hrtimer-80 hrtimer-95", "base " + all, "old " + all}},
		// Of the first repetition the plan has base's first scenario, then old's, which finished.
		{2, "1 more trials have finished, and are in ", []string{"old hrtimer-80 hrtimer-95", "base " + all, "old " + all}},
		{4, "1 more trials have finished, and are in ", []string{"old hrtimer-80 hrtimer-95"}},
	} {
		out := filepath.Join(t.TempDir(), "results")
		_, _, kept := evaluated(t, out, c.limit, false)
		if note := kept.note(); !strings.HasPrefix(note, c.note) || (note == "") != (c.note == "") {
			t.Errorf("after %d boots: %q, want %q", c.limit, note, c.note)
		}
		again, got, _ := evaluated(t, out, 0, true)
		if diff := cmp.Diff(c.left, again); diff != "" {
			t.Errorf("after %d boots: resumed: %s", c.limit, diff)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("after %d boots: the resumed results differ from those of an unbroken run", c.limit)
		}
		if _, err := os.Stat(out + ".boots"); err == nil {
			t.Errorf("after %d boots: the file of finished boots is left", c.limit)
		}
	}
}

// together is a world in which no boot ends before as many run as there are CPUs.
type together struct {
	*boot.World
	missing atomic.Int32
	all     chan struct{}
}

func (w *together) RunAll(ctx context.Context, specs []world.Spec, _ world.Want) ([]trial.Result, error) {
	if w.missing.Add(-1) == 0 {
		close(w.all)
	}
	select {
	case <-w.all:
		return make([]trial.Result, len(specs)), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestAKernelBootsOnEachCPUUnlessTheFlagSaysOtherwise(t *testing.T) {
	t.Parallel()
	w, err := boot.New(boot.Kernel{Name: "base", Version: "7.0.13"})
	if err != nil {
		t.Fatal(err)
	}
	cpus := runtime.GOMAXPROCS(0)
	for _, c := range []struct{ parallel, atOnce int }{{0, cpus}, {3, 3}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		in := &together{World: w, all: make(chan struct{})}
		in.missing.Store(int32(c.atOnce))
		spec := func(i int) world.Spec {
			return world.Spec{Scenario: boot.Presets()[0], Subject: "base", Variation: i}
		}
		err := (&boots{booting: in, parallel: c.parallel}).Execute(ctx, c.atOnce, spec, func(int, trial.Result) error { return nil })
		if err != nil {
			t.Errorf("--parallel %d: fewer than %d boots at once (%v)", c.parallel, c.atOnce, err)
		}
	}
}

// A line that an unplanned end cut short is left out. A file of another program is refused.
func TestFinishedTrialsAreReadUpToATornLine(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "results")
	evaluated(t, out, 4, false)
	path := out + ".boots"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1 // --out lacks the trial of the line before it
	if err := os.WriteFile(path, b[:last-2], 0o644); err != nil {
		t.Fatal(err)
	}
	again, _, _ := evaluated(t, out, 0, true)
	if diff := cmp.Diff([]string{"old hrtimer-80 hrtimer-95", "base hrtimer-95"}, again); diff != "" {
		t.Errorf("resumed: %s", diff)
	}
	f := finishedBeside(outFile(out), true)
	if err := os.WriteFile(path, []byte("{\"other\":1}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.open(); err == nil || !strings.Contains(err.Error(), "results.boots: line 1: ") {
		t.Errorf("%v, want the number of the bad line", err)
	}
}

// A machine that cannot boot a kernel is a failure, not bad input.
func TestAMachineWithoutTheEmulatorIsAFailure(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, args := range [][]string{
		{"run", "boot-calm", "--world", "boot"}, {"evaluate", "--world", "boot"}, {"gate", "--world", "boot"}, {"validate", "--boot"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), Program{Name: "gpstorm"}, append(args, "--kernel", "base=7.0.13"), &out, &errs)
		if want := "gpstorm: qemu-system-x86_64: not found: want QEMU, as apt-get install qemu-system-x86 installs it\n"; code != exitFailure || errs.String() != want {
			t.Errorf("%s: exit %d, %q, want 1, %q", args[0], code, errs.String(), want)
		}
	}
}

// A program that cannot be the guest is the wrong one for the flag: another build can.
func TestAProgramThatCannotBeTheGuestIsBadInput(t *testing.T) {
	t.Parallel()
	for _, by := range []bootFlag{worldBoot, {"--boot", "true"}} {
		err := by.cannot(qemu.CheckGuest(filepath.Join("..", "go.mod")))
		want := by.name + ": " + by.value + ": want a program that can be the guest too, made by CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build ./cmd/gpstorm (../go.mod: not a program of Linux)"
		var exit *exitError
		if err == nil || err.Error() != want || !errors.As(err, &exit) || exit.code != exitBadInput {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := worldBoot.cannot(nil); err != nil {
		t.Error(err)
	}
}

// The program is the guest of every boot, and the emulated CPU copies its loaded
// segments. The long form of a test of world/boot/qemu compresses the program itself.
func TestTheGuestStaysSmall(t *testing.T) {
	t.Parallel()
	path, err := os.Executable() // this package and its tests: a little more than the guest
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Skip(err) // not on Linux
	}
	defer f.Close()
	var size uint64
	for _, p := range f.Progs {
		size = max(size, p.Off+p.Filesz)
	}
	const most = 43_000_000 // bytes; xz compresses as many to 12 MB
	if size > most {
		t.Errorf("%d bytes of the program are loaded, want at most %d", size, most)
	}
}
