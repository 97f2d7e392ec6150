package repro

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// Read reads a log. Errors are only those of the reader and of its limits: any text
// is accepted.
func Read(name string, r io.Reader) (*Log, error) {
	c := collector{facts: &Facts{}, streams: map[string]*stream{}, names: shared{}}
	lines, size, err := entries(r, usual, c.entry)
	if err != nil {
		return nil, err
	}
	for _, caller := range slices.Sorted(maps.Keys(c.streams)) {
		c.giveUp(c.streams[caller])
	}
	f := c.facts
	f.Lines, f.Bytes = lines, size
	f.finish()
	l := &Log{Name: name, Facts: f}
	l.Hang = f.hang()
	l.Opinion = f.opinion()
	return l, nil
}

// stream is the state of reading one printer's lines. With CONFIG_PRINTK_CALLER
// each task and CPU is a printer; without it there is one for all.
type stream struct {
	task    *Task    // the task of the following frames
	running *Running // or the CPU of the following frames
	dumped  *Running // the CPU whose task is shown next
	hung    *Hung
	stalls  []*Stall // stalls without an end so far
	starved *Starved
	timer   *Timer
	tasks   *RCUTasks
	locks   *Locks
	stuck   *Running // the CPU of a lockup, until a line shows what it runs

	caller string // of the last line of a call trace, on ARM

	half *half // looks like a report and does not parse: perhaps half a line
}

type collector struct {
	facts   *Facts
	streams map[string]*stream
	// wrapped is the stream with the last half line: a line wrapped by a terminal
	// continues without timestamp and caller.
	wrapped *stream
	// header is the number of words that a logger of an unknown form puts before
	// each message.
	header int
	busy   busyPools
	names  shared
	twice  twice
}

// name returns a shared copy of a text that logs repeat.
func (c *collector) name(text string) string { return *c.names.name(text) }

func (c *collector) entry(e entry) {
	if c.twice.copied(&e) {
		c.facts.Copies.Lines++
		return
	}
	s := c.streams[e.caller]
	if s == nil {
		s = &stream{}
		c.streams[e.caller] = s
	}
	if w := c.wrapped; w != nil && !e.stamped && w.half != nil && w.half.last+1 == e.line {
		s = w
	}
	c.wrapped = nil
	if c.joined(s, &e) {
		return
	}
	switch {
	case c.read(s, &e), c.behindHeader(s, &e):
	case looksLikeReport(e.text):
		s.half, c.wrapped = newHalf(e), s
	default:
		c.facts.Other++
	}
}

// joined tries a message as the continuation of an incomplete one, and reports
// whether that succeeds.
func (c *collector) joined(s *stream, e *entry) bool {
	half := s.half
	if half == nil {
		return false
	}
	if continues(half.text, e.text) {
		// An addition by pr_cont() became a separate line.
		half.with(e, half.text+" "+strings.Trim(e.text, " \t"))
		if !c.read(s, &half.entry) {
			c.wrapped = s
			return true
		}
		s.half = nil
		return true
	}
	texts := half.joins(e)
	for _, text := range texts {
		whole := half.entry
		whole.text = text
		if c.report(s, &whole) {
			s.half = nil
			return true
		}
	}
	if half.goesOn(e) && len(texts) > 0 && !c.other(s, e) {
		half.with(e, texts...)
		c.wrapped = s
		return true
	}
	c.giveUp(s)
	return false
}

// maxKept limits the stored messages of reports, and so the memory for an endless
// log.
const maxKept = 250_000

// read reads one message and reports whether it is part of a report.
func (c *collector) read(s *stream, e *entry) bool {
	if c.facts.Understood >= maxKept {
		if _, _, ok := klog.ParseLine(plainFrame(e.text)); !ok {
			return false
		}
		c.facts.Understood++
		c.facts.Unkept++
		return true
	}
	if c.other(s, e) {
		c.facts.Understood++
		return true
	}
	return c.report(s, e)
}

// other reads messages that klog does not read.
func (c *collector) other(s *stream, e *entry) bool {
	return c.facts.boot(e) || c.facts.torture(e) || c.gpState(e) || c.powerPC(s, e) || c.busyWorkqueue(e) || c.lateTasks(s, e)
}

// report reads one message that occurs only in reports.
func (c *collector) report(s *stream, e *entry) bool {
	text := plainFrame(e.text)
	if c.call(s, e, text) {
		return true
	}
	s.caller = ""
	if at, ok := programCounter(text); ok {
		text = "RIP: 0010:" + at
	}
	l, _, ok := klog.ParseLine(text)
	if !ok && isTaskLine(strings.TrimLeft(text, " \t")) {
		l, _, ok = klog.ParseLine(unpadded(text))
	}
	if !ok {
		return false
	}
	c.facts.Understood++
	c.line(s, e, l)
	if _, frame := l.(*klog.Frame); frame && s.task != nil {
		s.task.fromHeader(e.text)
	}
	return true
}
