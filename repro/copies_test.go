package repro

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What two consoles or two sources of one log show twice is counted once.
func TestACopyIsCountedOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"close-behind-mutex", "stolen-cpu", "busy-pools", "rcu-tasks", "two-cpus-at-once"} {
		text := logs(t)[name]
		want := read(t, text)
		var bare, doubled, journal, boot, both strings.Builder
		for line := range strings.Lines(text) {
			message := line
			if _, after, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(strings.TrimLeft(line, " "), "[") {
				message = after
			}
			bare.WriteString(message)
			doubled.WriteString(line + line)
			fmt.Fprintf(&journal, "Mar 05 12:00:01 vm7 kernel: %s", message)
			both.WriteString(line)
			fmt.Fprintf(&both, "Mar 05 12:00:01 vm7 kernel: %s", message)
			fmt.Fprintf(&boot, "Mar 05 12:00:01 vm7 kernel: %s", line)
		}
		for how, tt := range map[string]string{
			"each line twice":                       doubled.String(),
			"dmesg and journal":                     text + journal.String(),
			"dmesg and journal with stamps":         text + boot.String(),
			"a console and a journal, line by line": both.String(),
			"dmesg twice":                           text + text,
			"dmesg and a bare copy":                 text + bare.String(),
		} {
			got := read(t, tt)
			count := func(l *Log) string { return strings.SplitN(l.Facts.counts(), " in ", 2)[0] }
			if count(got) != count(want) || got.Facts.Copies == (Copies{}) || !strings.Contains(textOf(t, got), "copies ") {
				t.Errorf("%s, %s: %s, want %s; %+v", name, how, count(got), count(want), got.Facts.Copies)
			}
			texts := func(l *Log) (all []string) {
				for _, x := range l.Hang.Chain {
					all = append(all, x.Text)
				}
				return all
			}
			if d := cmp.Diff(texts(want), texts(got)); d != "" || got.Opinion.Verdict != want.Opinion.Verdict {
				t.Errorf("%s, %s: %s, want %s (-once +copied):\n%s", name, how, got.Opinion.Verdict, want.Opinion.Verdict, d)
			}
		}
	}
}

// Reports that come again by themselves are not copies.
func TestARepeatedReportIsNoCopy(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the same task later":   "[  243.100000] " + hungIn(7, "a", "f0") + "[  364.100000] " + hungIn(7, "a", "f0"),
		"a soft lockup again":   "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]\nx\nwatchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]\n",
		"equal frames in a row": hungIn(7, "a", "f0", "f0", "f0"),
	} {
		if c := read(t, text).Facts.Copies; c != (Copies{}) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
