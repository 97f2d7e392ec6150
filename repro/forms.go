package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// plainFrame removes the additions of some architectures from a line of a call
// trace: an address before it and a mark after it.
func plainFrame(text string) string {
	s := strings.TrimLeft(text, " \t")
	if rest, ok := strings.CutPrefix(s, "rcu:"); ok && rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "rcu: " + rest // a mail or a terminal lost the tab
	}
	for strings.HasPrefix(s, "[<") || len(s) > 8 && s[0] == '[' && strings.Trim(s[1:9], "0123456789abcdef") == "" {
		i := strings.IndexByte(s[:min(len(s), 40)], ']')
		if i < 0 {
			return text
		}
		s = strings.TrimLeft(s[i+1:], " ")
	}
	for _, mark := range []string{" (P)", " (unreliable)", " (F)", " (T)", " (L)"} {
		s = strings.TrimSuffix(s, mark)
	}
	return undecoded(s)
}

// unpadded removes the blanks before the numbers of a task's line: mails and wikis remove
// only some of them.
func unpadded(text string) string {
	at := strings.LastIndex(text, " state:")
	words := strings.Fields(text[at:])
	var b strings.Builder
	b.WriteString(text[:at])
	for i, w := range words {
		if i == 0 || !strings.HasSuffix(words[i-1], ":") {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// undecoded restores a function's place from the output of
// scripts/decode_stacktrace.sh: "process_srcu (kernel/rcu/srcutree.c:1555
// (discriminator 3)) module".
func undecoded(text string) string {
	if len(text) > maxContinued || !strings.Contains(text, ")") {
		return text
	}
	end := -1 // of the first file's name
	for _, suffix := range []string{".c:", ".h:", ".S:", ".rs:"} {
		if i := strings.Index(text, suffix); i >= 0 && (end < 0 || i < end) {
			end = i
		}
	}
	if end < 0 {
		return text
	}
	open := strings.LastIndex(text[:end], " (")
	if open <= 0 || strings.Contains(text[:open], "+0x") {
		return text
	}
	module := strings.TrimSpace(text[strings.LastIndexByte(text, ')')+1:])
	if strings.Contains(module, " ") {
		return text
	}
	return text[:open] + "+0x0/0x0"
}

// programCounter returns the position of a CPU in the forms of architectures other
// than x86: "pc : f+0x1/0x2" (arm64), "PC is at f+0x1/0x2" (ARM), "epc : f+0x1/0x2"
// (RISC-V), "NIP [c000000000012345] f+0x1/0x2" (PowerPC), "EIP: f+0x1/0x2" (32-bit x86), "Krnl PSW : 0704e00180000000 000003ff804bfc66
// (f+0x1/0x2)" (s390).
func programCounter(text string) (at string, ok bool) {
	if _, place, ok := strings.Cut(text, "("); ok && strings.HasPrefix(text, "Krnl PSW : ") {
		at, _, ok = strings.Cut(place, ")")
		return at, ok && strings.Contains(at, "+0x")
	}
	for _, opening := range []string{"pc : ", "PC is at ", "epc : ", "NIP [", "EIP: "} {
		if at, ok = strings.CutPrefix(text, opening); ok {
			if _, behind, bracket := strings.Cut(at, "] "); bracket {
				at = behind
			}
			return strings.TrimRight(at, " "), true
		}
	}
	return "", false
}

// call reads a line of a call trace of ARM: "schedule from
// schedule_timeout+0x88/0xf0" and, until 5.18, "(schedule) from [<c08872fc>]
// (schedule_timeout+0x230/0x2d0)". Each function occurs twice, as the caller and
// then as the callee; the last one only as the caller.
func (c *collector) call(s *stream, e *entry, text string) bool {
	callee, caller, ok := strings.Cut(text, " from ")
	if !ok || len(text) > 200 || !strings.Contains(caller, "+0x") || strings.Contains(callee, " ") {
		return false
	}
	callee = strings.Trim(callee, "()")
	if i := strings.Index(caller, "] "); i >= 0 {
		caller = caller[i+2:]
	}
	caller, _, _ = strings.Cut(strings.Trim(caller, "()"), "+0x")
	c.facts.Understood++
	if callee != s.caller {
		c.frame(s, e, &klog.Frame{Func: callee})
	}
	s.caller = c.name(caller)
	c.frame(s, e, &klog.Frame{Func: caller})
	return true
}
