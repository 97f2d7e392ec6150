package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/trial"
)

// Console returns the kernel messages of a trial in the form of dmesg.
func Console(r *trial.Result) string {
	var b strings.Builder
	for _, l := range r.Log {
		b.WriteString(klog.Stamp(l.At, l.Text))
		b.WriteByte('\n')
	}
	return b.String()
}

// ReadTrial reads the kernel messages of a trial.
func ReadTrial(r *trial.Result) (*Log, error) {
	return Read("console", strings.NewReader(Console(r)))
}
