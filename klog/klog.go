// Package klog writes and reads what a Linux kernel prints on its console when
// a watchdog fires.
//
// Each line is a value with a writer and a parser, and each report, which is
// several lines, too. They are inverse to each other: a value that was printed
// is read back as it was, and a text that was read is printed as it was, up to
// the width of blanks (a mail turns tabs into spaces) and blanks at the end of
// a line. Parsers are scanners written by hand: they need time linear in the
// text and never panic.
//
// The shapes are those of the kernel's own format strings, which the type of
// each line names, so that tools which read kernel logs treat the text as they
// would treat a real one. What a model cannot say is printed as a fixed neutral
// value: task and thread flags are zero unless given. Where releases word a line
// differently, Text holds the difference.
package klog

import (
	"fmt"
	"strings"
)

// A Line is one line of a console, without its timestamp.
type Line interface {
	// appendTo appends the line as kernels with that text print it.
	appendTo(b []byte, t *Text) []byte
}

// Format returns the line as kernels with that text print it.
func Format(l Line, t Text) string { return string(l.appendTo(nil, &t)) }

// A Report is what one event makes the kernel print: one line or more.
type Report interface {
	print(p *printer)
}

// Lines returns the lines of a report as kernels with that text print them.
func Lines(r Report, t Text) []string {
	p := printer{text: t}
	r.print(&p)
	return p.lines
}

// printer collects the lines of a report.
type printer struct {
	text  Text
	lines []string
}

func (p *printer) line(l Line) { p.lines = append(p.lines, Format(l, p.text)) }

// Build identifies the kernel that prints. In the report of a hung task it is a
// line of its own (kernel/hung_task.c, check_hung_task).
type Build struct {
	Taint   string // "Not tainted", or "Tainted: " and the letters
	Release string // uname -r
	Version string // the first word of uname -v, and what a distribution adds
}

// Rc1 is the kernel of the bug report that this project started from.
var Rc1 = Build{Taint: "Not tainted", Release: "7.0.0-rc1", Version: "#1"}

func (d *Build) appendTo(b []byte, _ *Text) []byte { return d.appendWords(append(b, "      "...)) }

func (d *Build) appendWords(b []byte) []byte {
	return fmt.Appendf(b, "%s %s %s", d.Taint, d.Release, d.Version)
}

// build reads the kernel's identity up to the end of s, or up to a further
// word if there is more after the version.
func (s *scanner) build() (d Build) {
	start := s.at
	switch {
	case s.word("Not tainted "):
	case s.word("Tainted: "):
		// The letters, and since 6.12 their meaning, "[W]=WARN", go on up to
		// the release, the first word that starts with a digit.
		for s.blank(); s.ok && !s.digitAhead(); s.blank() {
			s.token()
		}
	default:
		s.fail()
		return d
	}
	d.Taint = strings.TrimRight(s.text[start:s.at], blanks)
	s.blank()
	d.Release = s.token()
	s.need(" ")
	d.Version = s.token()
	return d
}

// letter is c if set, "." otherwise: the kernel's way of printing flags.
func letter(set bool, c byte) byte {
	if set {
		return c
	}
	return '.'
}
