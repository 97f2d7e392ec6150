package command

import (
	"bytes"
	"time"
)

// latencies is the standard output of a command. It keeps the largest latency alone, for
// the output may be endless. The zero value is ready for use.
type latencies struct {
	line  []byte // the beginning of the last one
	found bool
	most  time.Duration
	bad   error // about the first line that is wrong
}

// latencyField begins the line in which a command prints its latency.
const latencyField = "latency:"

// maxLatencyLine bounds the part of a line that is kept.
const maxLatencyLine = 200

// Write is part of io.Writer.
func (l *latencies) Write(p []byte) (int, error) {
	for rest := p; ; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		l.line = append(l.line, line[:min(len(line), maxLatencyLine-len(l.line))]...)
		if !ended {
			return len(p), nil
		}
		l.end()
		rest = after
	}
}

// end ends a line.
func (l *latencies) end() {
	text, ok := bytes.CutPrefix(l.line, []byte(latencyField))
	l.line = l.line[:0]
	if !ok {
		return
	}
	value := string(bytes.TrimSpace(text))
	d, err := time.ParseDuration(value)
	if (err != nil || d < 0) && l.bad == nil {
		l.bad = wrong("--exec: latency", value, "a duration of 0s or more, 12.3ms say")
	}
	l.found, l.most = true, max(l.most, d)
}

// largest returns the largest latency of the whole output.
func (l *latencies) largest() (time.Duration, error) {
	l.end()
	if l.bad == nil && !l.found {
		return 0, wrong("--exec: latency", absent("none"), `a line "latency: 12.3ms" on standard output, for --max-p99`)
	}
	return l.most, l.bad
}
