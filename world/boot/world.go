// Package boot is the world of real kernels: it boots them in an emulated machine and
// runs scenarios on them.
//
// A subject is a kernel image with boot options. A trial is a scenario on a freshly
// booted kernel, or after other scenarios in the same boot. Times are virtual, as the
// emulator counts instructions. A trial does not repeat exactly, because the host
// still determines the time of some interrupts.
package boot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot/kernels"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// Name is the name of this world in results.
const Name = "boot"

// World is the world of a list of kernels.
type World struct {
	kernels []Kernel
	boot    booter
	image   func(ctx context.Context, version string) (path string, err error)
	module  func(version string) (path string, err error)

	mu     sync.Mutex
	images map[string]string // paths of checked images, by kernel
}

// booter boots a machine with cases and passes on the guest's records.
type booter func(ctx context.Context, m *qemu.Machine, cases []wire.Case, each func(wire.Record)) (qemu.Outcome, error)

var _ world.World = (*World)(nil)

// New returns the world of these kernels. It fetches stock kernels at their first
// boot.
func New(all ...Kernel) (*World, error) {
	for i, k := range all {
		for _, o := range all[:i] {
			if o.Name == k.Name {
				return nil, fmt.Errorf("kernel: %s: want each name once", k.Name)
			}
		}
	}
	w := &World{kernels: all, images: map[string]string{}}
	w.boot = func(ctx context.Context, m *qemu.Machine, cases []wire.Case, each func(wire.Record)) (qemu.Outcome, error) {
		self, err := os.Executable()
		if err != nil {
			return qemu.Outcome{}, err
		}
		return m.Boot(ctx, self, cases, each)
	}
	w.image = func(ctx context.Context, version string) (string, error) {
		store, err := kernels.Open("")
		if err != nil {
			return "", err
		}
		img, err := store.Get(ctx, version)
		return img.Path, err
	}
	w.module = func(version string) (string, error) {
		store, err := kernels.Open("")
		if err != nil {
			return "", err
		}
		return store.Module(version)
	}
	return w, nil
}

// Name returns "boot".
func (*World) Name() string { return Name }

// Facts declares that times are virtual and that trials do not repeat exactly.
func (*World) Facts() world.Facts {
	return world.Facts{
		Virtual: true, Uncontrolled: true,
		Trial:    "a scenario on a real kernel, booted on one emulated CPU that executes a fixed number of instructions in a second; the kernels of a block boot one soon after the other, and variations are repetitions of the scenario itself, with other starts of the closers",
		Measures: world.Console | world.StormShare,
	}
}

// Subject returns the kernel with this name. The first kernel is the one that the
// others are compared with.
func (w *World) Subject(name string) (world.Subject, error) {
	var all []string
	for i := range w.kernels {
		k := &w.kernels[i]
		if k.Name == name {
			s := world.Subject{Name: name, Claim: k.about(), Base: i == 0, Kernel: k.String()}
			if k.broken() {
				s.Must = world.MustBeUnsafe
			}
			return s, nil
		}
		all = append(all, k.Name)
	}
	return world.Subject{}, named.Unknown("kernel", name, "one of the kernels given", all)
}

// Subjects returns all kernels, in their order.
func (w *World) Subjects() (all []world.Subject) {
	for i := range w.kernels {
		s, err := w.Subject(w.kernels[i].Name)
		if err != nil {
			panic(err) // the name is one of them
		}
		all = append(all, s)
	}
	return all
}

// Machine returns the emulator with its version, and the date.
func (w *World) Machine(ctx context.Context) (machine, date string, err error) {
	machine, err = qemu.Version(ctx)
	return machine, time.Now().UTC().Format(time.DateOnly), err
}

// Image returns the version of a kernel or the path of its image, and the candidate
// that a module adds to it.
func (w *World) Image(name string) (image, fix string) {
	k, err := w.find(name)
	if err != nil {
		return "", ""
	}
	return cmp.Or(k.Version, k.Path), k.Fix
}

// Check reports a problem that would prevent every trial: no emulator, a program that
// cannot be the guest, or a candidate without its module.
func (w *World) Check() error {
	if err := qemu.Check(); err != nil {
		return err
	}
	for i := range w.kernels {
		if _, err := w.moduleOf(&w.kernels[i]); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return qemu.CheckGuest(self)
}

// Run boots the kernel with one case. If a close() is late and want requests an
// explanation, a second boot takes evidence: probes in the first boot would change
// its result.
func (w *World) Run(ctx context.Context, s world.Spec, want world.Want) (trial.Result, error) {
	results, err := w.RunAll(ctx, []world.Spec{s}, want)
	if len(results) == 0 {
		return trial.Result{}, err
	}
	r := results[0]
	if !want.Blame || r.Diagnosis != trial.Slow && r.Diagnosis != trial.Starved {
		return r, nil
	}
	again, err := w.runAll(ctx, []world.Spec{s}, world.Want{}, s.Scenario.HungTimeout()/lateAfter)
	switch {
	case ctx.Err() != nil:
		return r, err
	case err != nil: // the result is that of the first boot
		r.Evidence = "none: " + oneLine(err.Error())
		return r, nil
	}
	r.Blame, r.Looks, r.GracePeriods, r.Cause = again[0].Blame, again[0].Looks, again[0].GracePeriods, again[0].Cause
	r.Evidence = secondBoot(&again[0])
	return r, nil
}

// RunAll runs trials of one kernel in one boot, or in further ones if a trial leaves
// the kernel unfit for the next. All trials must need the same machine: see Together.
// On an error it also returns the results of the trials before it.
func (w *World) RunAll(ctx context.Context, specs []world.Spec, want world.Want) ([]trial.Result, error) {
	return w.runAll(ctx, specs, want, 0)
}

// runAll takes evidence of closes that take longer than late, unless late is 0.
func (w *World) runAll(ctx context.Context, specs []world.Spec, want world.Want, late time.Duration) ([]trial.Result, error) {
	k, err := w.find(specs[0].Subject)
	if err != nil {
		return nil, err
	}
	cases := make([]wire.Case, len(specs))
	for i := range specs {
		if cases[i], err = caseOf(&specs[i].Scenario, specs[i].Seed); err != nil {
			return nil, err
		}
		cases[i].Evidence = late
	}
	path, err := w.imageOf(ctx, k)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), error(&world.Failure{World: Name, Err: fmt.Errorf("kernel %s: %w", k.Name, err)}))
	}
	var results []trial.Result
	for err == nil && len(results) < len(specs) {
		rest := len(results)
		var found []trial.Result
		found, err = w.bootOnce(ctx, k, path, specs[rest:], cases[rest:])
		if err == nil && len(found) == 0 {
			err = errors.New("the guest ran no case")
		}
		results = append(results, found...)
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case err != nil:
			err = &world.Failure{World: Name, Err: fmt.Errorf("kernel %s, scenario %s: %w", k.Name, specs[min(len(results), len(specs)-1)].Scenario.Name, err)}
		}
	}
	for i := range results {
		specs[i].Label(&results[i])
		if !want.Log {
			results[i].Log = nil
		}
	}
	return results, err
}

// bootOnce boots a kernel and returns the results of the cases that the guest ran. On
// an error it returns those before it.
func (w *World) bootOnce(ctx context.Context, k *Kernel, path string, specs []world.Spec, cases []wire.Case) ([]trial.Result, error) {
	sc := &specs[0].Scenario
	shift, _ := qemu.Shift(sc.Machine.MIPS)
	m := &qemu.Machine{Kernel: path, Shift: shift, Options: append(bootOptions(sc), k.Options...)}
	if cases[0].Evidence > 0 {
		m.Options = append(m.Options, "rcutree.sysrq_rcu=1")
	}
	if k.Fix != "" {
		module, err := w.moduleOf(k)
		if err != nil {
			return nil, err
		}
		m.Module, m.ModuleParameters = module, "fix="+k.Fix
	}
	var (
		results []trial.Result
		lines   []*wire.Line
		failed  error
		hello   *wire.Hello
	)
	fail := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, err := w.boot(ctx, m, cases, func(r wire.Record) {
		switch {
		case r.Hello != nil:
			hello = r.Hello
			if err := checkKernel(k, sc, hello); err != nil {
				fail(err)
				cancel(err)
			}
		case r.Line != nil:
			lines = append(lines, r.Line)
		case r.Done != nil && hello == nil, r.Done != nil && r.Done.Case != len(results):
			fail(fmt.Errorf("results: case %d came after %d others", r.Done.Case, len(results)))
		case r.Done != nil && r.Done.Case < len(specs):
			if err := checkFix(k, r.Done); err != nil {
				fail(err)
				cancel(err)
				return
			}
			result := resultOf(&specs[r.Done.Case].Scenario, r.Done, lines)
			if r.Done.Evidence != nil {
				explain(&result, r.Done.Evidence, lines)
			}
			results = append(results, result)
			lines = nil
		case r.Fault != nil:
			fail(fmt.Errorf("in the guest: %s", oneLine(r.Fault.Text)))
		}
	})
	if failed != nil {
		return results, &withTail{failed, out.Console}
	}
	return results, err
}

// withTail is an error with the end of the console.
type withTail struct {
	error
	console []string
}

// Tail returns the end of the console.
func (e *withTail) Tail() []string { return e.console }

// Unwrap returns the cause.
func (e *withTail) Unwrap() error { return e.error }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (w *World) find(name string) (*Kernel, error) {
	if _, err := w.Subject(name); err != nil {
		return nil, err
	}
	for i := range w.kernels {
		if w.kernels[i].Name == name {
			return &w.kernels[i], nil
		}
	}
	panic("unreachable: Subject found it")
}

// imageOf returns the path of a kernel's image and fetches it if necessary.
func (w *World) imageOf(ctx context.Context, k *Kernel) (path string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if path, ok := w.images[k.Name]; ok {
		return path, nil
	}
	if path = k.Path; path == "" {
		if path, err = w.image(ctx, k.Version); err != nil {
			return "", err
		}
	}
	if err := checkImage(path); err != nil {
		return "", fmt.Errorf("%s: not a kernel image: %w", path, cause(err))
	}
	w.images[k.Name] = path
	return path, nil
}

// moduleOf returns the path of the module with a kernel's candidate, if it has one.
func (w *World) moduleOf(k *Kernel) (string, error) {
	if k.Fix == "" {
		return "", nil
	}
	if k.Module != "" {
		if _, err := os.Stat(k.Module); err != nil {
			return "", fmt.Errorf("kernel %s: module: %w", k.Name, err)
		}
		return k.Module, nil
	}
	path, err := w.module(k.Version)
	if err != nil {
		return "", fmt.Errorf("kernel %s: fix %s: %w: want it made by gpstorm kernels build-fix %s", k.Name, k.Fix, err, k.Version)
	}
	return path, nil
}

// Together reports whether a trial can share a boot with those before it: it must
// have the same kernel, machine and block. After NMIs the state of a kernel is
// doubtful, so no trial follows them. The total time of a boot is limited.
func Together(boot []world.Spec, s *world.Spec) bool {
	if len(boot) == 0 {
		return true
	}
	first, last := &boot[0], &boot[len(boot)-1]
	if first.Subject != s.Subject || first.Variation != s.Variation || machineKey(&first.Scenario) != machineKey(&s.Scenario) {
		return false
	}
	for _, storm := range last.Scenario.Storms {
		if storm.Source == workload.NMI {
			return false
		}
	}
	var virtual time.Duration
	for i := range boot {
		virtual += boot[i].Scenario.Horizon
	}
	return len(boot) < maxTogether && virtual+s.Scenario.Horizon <= maxVirtual
}

// Limits of a boot: the number of its cases, and the sum of their horizons.
const (
	maxTogether = 8
	maxVirtual  = 300 * time.Second
)
