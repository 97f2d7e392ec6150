// Package klog writes and reads a Linux kernel's console output when a watchdog
// fires.
//
// Each line is a value with a writer and a parser, and so is each report of several
// lines. Writer and parser are inverses: a printed value is read back unchanged,
// and a text that was read is printed unchanged, except for the width of blanks (a
// mail turns tabs into spaces) and blanks at the end of a line. Parsers are
// hand-written scanners: they need time linear in the text and never panic.
//
// The forms are those of the kernel's own format strings, which the type of each
// line names, so that tools for kernel logs accept the text. Values that a model
// does not have are printed as fixed neutral ones: task and thread flags are zero
// unless given. Text describes how releases differ in the wording of a line.
package klog

import (
	"fmt"
	"strings"
)

// A Line is one line of a console, without its timestamp.
type Line interface {
	// appendTo appends the line in the form of kernels with that text.
	appendTo(b []byte, t *Text) []byte
}

// Format returns the line in the form of kernels with that text.
func Format(l Line, t Text) string { return string(l.appendTo(nil, &t)) }

// A Report is the output for one event: one line or more.
type Report interface {
	print(p *printer)
}

// Lines returns the lines of a report in the form of kernels with that text.
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

// Build identifies a kernel. In the report of a hung task it is a separate line
// (kernel/hung_task.c, check_hung_task).
type Build struct {
	Taint   string // "Not tainted", or "Tainted: " and the letters
	Release string // uname -r
	Version string // the first word of uname -v, and a distribution's additions
}

// Rc1 is the kernel of the original bug report.
var Rc1 = Build{Taint: "Not tainted", Release: "7.0.0-rc1", Version: "#1"}

func (d *Build) appendTo(b []byte, _ *Text) []byte { return d.appendWords(append(b, "      "...)) }

func (d *Build) appendWords(b []byte) []byte {
	return fmt.Appendf(b, "%s %s %s", d.Taint, d.Release, d.Version)
}

// build reads the kernel's identity up to the end of s, or up to a further word
// after the version.
func (s *scanner) build() (d Build) {
	start := s.at
	switch {
	case s.word("Not tainted "):
	case s.word("Tainted: "):
		// The letters, and since 6.12 their meaning, "[W]=WARN", continue up to the
		// release, which may be a word: "syzkaller".
		for s.blank(); s.taintAhead(); s.blank() {
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

// taintAhead reports whether the next word is letters of a taint, their meaning, or
// dashes, which a distribution adds.
func (s *scanner) taintAhead() bool {
	word := s.rest()
	if i := strings.IndexAny(word, blanks); i >= 0 {
		word = word[:i]
	}
	return s.ok && word != "" && (word[0] == '[' || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == "")
}

// letter returns c if set, otherwise ".", as the kernel prints flags.
func letter(set bool, c byte) byte {
	if set {
		return c
	}
	return '.'
}
