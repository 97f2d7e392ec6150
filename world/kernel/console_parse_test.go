package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
)

// klog parses every message of the virtual kernel and prints it back unchanged.
func TestEveryConsoleIsReadBack(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, lines []string) {
		t.Helper()
		for at := 0; at < len(lines); {
			report, text, n := klog.Parse(lines[at:])
			if n == 0 {
				t.Fatalf("no report starts at %q", lines[at])
			}
			if text != (klog.Text{}) {
				t.Errorf("%q is read as another kernel's text: %+v", lines[at], text)
			}
			for i, l := range klog.Lines(report, klog.Text{}) {
				if l != lines[at+i] {
					t.Errorf("%q is printed again as %q", lines[at+i], l)
				}
			}
			at += n
		}
	}
	for _, c := range consoles {
		t.Run(c.file+"/"+c.fix, func(t *testing.T) {
			t.Parallel()
			check(t, consoleOf(t, c.file, c.fix))
		})
	}
	for _, sc := range workload.Presets() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, l := range Run(sc, lookup(t, "baseline"), 1, Options{Log: true}).Log {
				lines = append(lines, l.Text)
			}
			check(t, lines)
		})
	}
}
