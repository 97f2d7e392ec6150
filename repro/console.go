package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/trial"
)

// Console is what the kernel of a trial printed, in the form of dmesg.
func Console(r *trial.Result) string {
	var b strings.Builder
	for _, l := range r.Log {
		b.WriteString(klog.Stamp(l.At, l.Text))
		b.WriteByte('\n')
	}
	return b.String()
}

// ReadTrial reads what the kernel of a trial printed.
func ReadTrial(r *trial.Result) (*Log, error) {
	return Read("console", strings.NewReader(Console(r)))
}
