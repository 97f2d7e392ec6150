package guest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// Run runs cases on this machine's kernel, one after the other, and writes their
// records. The process must run as root. Run stops Go's garbage collector and leaves
// sysctls and priorities changed.
func Run(cases []wire.Case, w io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("guest: want root: it changes sysctls, priorities and interrupts")
	}
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(processors(cases))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out := wire.NewWriter(w)
	b := &bench{out: out}
	if err := b.prepare(); err != nil {
		return errors.Join(err, out.Write(wire.Record{Fault: &wire.Fault{Case: -1, Text: err.Error()}}))
	}
	ran := 0
	for i := range cases {
		err := b.run(i, &cases[i])
		if err != nil && !errors.Is(err, errUnresolved) {
			if err := out.Write(wire.Record{Fault: &wire.Fault{Case: i, Text: err.Error()}}); err != nil {
				return err
			}
			break
		}
		ran++
		if err != nil {
			break
		}
	}
	return out.Write(wire.Record{End: &wire.End{Cases: ran}})
}

// prepare waits until the kernel has finished booting, measures the CPU, and
// describes the kernel to the host.
func (b *bench) prepare() (err error) {
	if err := fifo(0, priorityMonitor); err != nil {
		return err
	}
	if b.kmsg, err = openKmsg(); err != nil {
		return err
	}
	// A thread that only interrupts delay must not be throttled either.
	if err := set("/proc/sys/kernel/sched_rt_runtime_us", -1); err != nil {
		return err
	}
	if err := detector(); err != nil {
		return err
	}
	for _, f := range schedFeatures(get("/proc/cmdline")) {
		if err := set("/sys/kernel/debug/sched/features", f); err != nil {
			return fmt.Errorf("%s: %s: %w: want a feature of this kernel's scheduler", schedOption, f, err)
		}
	}
	if err := settle(); err != nil {
		return err
	}
	if b.ahead, err = b.kmsg.ahead(); err != nil {
		return err
	}
	if err := b.load(); err != nil {
		return err
	}
	b.calm = pace(calmFor)
	h, err := hello()
	if err != nil {
		return err
	}
	return b.out.Write(wire.Record{Hello: h})
}

// schedOption is a boot option of this guest: features of the scheduler to switch on
// or off, for which the kernel has no boot option.
const schedOption = "gpstorm.sched_features"

// schedFeatures returns the features on a kernel's command line.
func schedFeatures(cmdline string) (all []string) {
	for _, option := range strings.Fields(cmdline) {
		if list, ok := strings.CutPrefix(option, schedOption+"="); ok {
			all = append(all, strings.Split(list, "+")...)
		}
	}
	return all
}

// settle waits for half a second in which the CPUs are 97 % idle, but at most 20 s.
func settle() error {
	const (
		step   = 500 * time.Millisecond
		enough = 0.97
		most   = 40
	)
	idle, total, err := usage()
	for range most {
		if err != nil {
			return err
		}
		sleep(step)
		i, t, again := usage()
		if t > total && float64(i-idle) >= enough*float64(t-total) {
			return again
		}
		idle, total, err = i, t, again
	}
	return err
}

// usage is the idle time of all CPUs and their total time, in USER_HZ.
func usage() (idle, total int64, err error) {
	first, _, _ := strings.Cut(get("/proc/stat"), "\n")
	fields := strings.Fields(first)
	if len(fields) < 8 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("/proc/stat: %.40q: want the times of the CPUs", first)
	}
	for i, f := range fields[1:8] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		total += n
		if i == 3 || i == 4 { // idle, iowait
			idle += n
		}
	}
	return idle, total, nil
}

// hello describes the kernel.
func hello() (*wire.Hello, error) {
	h := &wire.Hello{
		Release: get("/proc/sys/kernel/osrelease"), Version: get("/proc/sys/kernel/version"),
		CmdLine: get("/proc/cmdline"), CPUs: runtime.NumCPU(),
		Clock:   get("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		Preempt: preemption(get("/sys/kernel/debug/sched/preempt")), Uptime: now(),
	}
	// The resolution of the coarse clocks is the tick.
	var tick unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &tick); err != nil {
		return nil, fmt.Errorf("clock_getres: %w", err)
	}
	h.HZ = int((int64(time.Second) + tick.Nano()/2) / tick.Nano())
	return h, nil
}

// preemption returns the model in parentheses: "none voluntary (full) lazy".
func preemption(models string) string {
	_, model, ok := strings.Cut(models, "(")
	if !ok {
		return ""
	}
	model, _, _ = strings.Cut(model, ")")
	return model
}

// Init is the main program of a guest that is /init of an initramfs: it mounts its
// file systems, runs the cases of CasesPath, and switches the machine off. It writes
// the records to the second serial port.
func Init() {
	err := boot()
	if err != nil {
		fmt.Fprintf(os.Stderr, "gpstorm guest: %v\n", err)
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func boot() (err error) {
	for _, m := range []struct{ what, where, kind string }{
		{"dev", "/dev", "devtmpfs"}, {"proc", "/proc", "proc"}, {"sys", "/sys", "sysfs"}, {"tmp", "/tmp", "tmpfs"},
		{"tracing", tracing, "tracefs"}, {"debug", "/sys/kernel/debug", "debugfs"},
	} {
		_ = os.Mkdir(m.where, 0o755) // it may exist
		if err := unix.Mount(m.what, m.where, m.kind, 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mount %s: %w", m.where, err)
		}
	}
	port, err := openPort(resultsPort)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, port.drain(), port.Close()) }()
	b, err := os.ReadFile(CasesPath)
	if err != nil {
		return err
	}
	var cases []wire.Case
	if err := json.Unmarshal(b, &cases); err != nil {
		return fmt.Errorf("%s: %w", CasesPath, err)
	}
	return Run(cases, port)
}

// port is a serial port in raw mode.
type port struct{ *os.File }

func openPort(path string) (*port, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: want a second serial port", err)
	}
	fd := int(f.Fd())
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err == nil {
		t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
		t.Cflag |= unix.CS8 | unix.CLOCAL
		err = unix.IoctlSetTermios(fd, unix.TCSETS, t)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &port{f}, nil
}

// drain waits until all data has been sent.
func (p *port) drain() error { return unix.IoctlSetInt(int(p.Fd()), unix.TCSBRK, 1) }
