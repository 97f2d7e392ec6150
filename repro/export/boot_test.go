package export

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"github.com/gpstorm/gpstorm/repro"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/boot/kernels"
)

// bootProgram boots a stock kernel with a program as /init and returns the console.
func bootProgram(t *testing.T, program, kernel string, shift string) string {
	t.Helper()
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip("no QEMU")
	}
	store, err := kernels.Open("")
	if err != nil {
		t.Fatal(err)
	}
	image, err := store.Get(t.Context(), kernel)
	if err != nil {
		t.Skip(err)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	initrd := filepath.Join(t.TempDir(), "initramfs")
	f, err := os.Create(initrd)
	if err != nil {
		t.Fatal(err)
	}
	w := cpio.Newc.Writer(f)
	for _, r := range []cpio.Record{cpio.Directory("dev", 0o755), cpio.CharDev("dev/console", 0o600, 5, 1), cpio.StaticFile("init", string(binary), 0o755)} {
		if err := w.WriteRecord(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := cpio.WriteTrailer(w); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-M", "pc,hpet=off", "-accel", "tcg,thread=single",
		"-icount", "shift="+shift+",sleep=off,align=off", "-seed", "42", "-rtc", "base=2026-01-01,clock=vm", "-cpu", "max,-rdrand,-rdseed",
		"-smp", "1", "-m", "512", "-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot", "-serial", "stdio",
		"-kernel", image.Path, "-initrd", initrd, "-append",
		"console=ttyS0 quiet loglevel=1 panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check random.trust_cpu=off cryptomgr.notests=1 damon_stat.enabled=0 preempt=lazy")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// A scenario becomes a program, that runs on a real kernel, its console becomes a
// scenario again: for the presets of real kernels with timers and for one with a
// hanging close. It takes minutes: GPSTORM_LONG=on go test ./repro/export -run
// Kernel.
func TestProgramsRunOnAKernel(t *testing.T) {
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("boots kernels for minutes: set GPSTORM_LONG=on")
	}
	hanging := preset(t, "boot-convoy")
	hanging.Name = "hanging"
	hanging.Storms[0].Handler = 9500 * time.Microsecond
	hanging.Watchdog.HungTask = time.Second
	for _, sc := range append(boot.Presets(), hanging) {
		if len(sc.Storms) > 0 && sc.Storms[0].Source == workload.NMI || sc.Machine.MIPS != 15.6 {
			continue // they need a machine that raises NMIs, or a faster one
		}
		t.Run(sc.Name, func(t *testing.T) {
			program, _, err := C(sc, "test")
			if err != nil {
				t.Fatal(err)
			}
			console := bootProgram(t, compile(t, program), "7.0.13", "6")
			t.Log(console)
			if !strings.Contains(console, "result: ") {
				t.Fatal("no result")
			}
			log, err := repro.Read("console", strings.NewReader(console))
			if err != nil {
				t.Fatal(err)
			}
			if log.Facts.Unread > 0 {
				t.Errorf("unread: %+v", log.Facts.Suspects)
			}
			if len(log.Facts.Hung) == 0 {
				if sc.Name == hanging.Name {
					t.Error("no task hung")
				}
				return
			}
			d, err := log.Draft()
			if err != nil {
				t.Fatal(err)
			}
			if log.Hang.Kind != "tracepoint" || len(d.Shows) == 0 {
				t.Errorf("hang %s, the draft shows %q and misses %q", log.Hang.Kind, d.Shows, d.Missing)
			}
		})
	}
}
