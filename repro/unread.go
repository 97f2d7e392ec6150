package repro

import (
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// maxSuspects is how many messages that do not parse are kept with their text.
const maxSuspects = 50

// joins are the ways in which half a line and the next may be one. A terminal
// wraps a long line, a mail wraps it at a blank or, quoted-printable, behind "=",
// and a task's name may hold a line break.
func joins(half, next *entry) []entry {
	with := func(text string) entry {
		joined := *half
		joined.text = text
		return joined
	}
	all := []entry{with(half.text + "\n" + next.text)}
	if !next.stamped || half.line == next.line {
		all = append(all, with(strings.TrimSuffix(half.text, "=")+next.text),
			with(strings.TrimRight(half.text, " \t")+" "+strings.TrimLeft(next.text, " \t")))
	}
	return all
}

// maxContinued bounds a line that is put together.
const maxContinued = 4096

// continues says whether text goes on with the list of CPUs and tasks of an
// expedited stall.
func continues(half, text string) bool {
	text = strings.TrimLeft(text, " \t")
	return strings.Contains(half, "detected expedited stalls on CPUs/tasks: {") && !strings.Contains(half, "}") && len(half) < maxContinued &&
		text != "" && (text[0] == '}' || isDigit(text[0]) && strings.Contains(text[:min(len(text), 8)], "-") || text[0] == 'P' && len(text) > 1 && isDigit(text[1]))
}

// lateTasks takes in tasks of a stall that came on a line after that of their
// node.
func (c *collector) lateTasks(s *stream, e *entry) bool {
	text := strings.Trim(e.text, " \t")
	if len(s.stalls) == 0 || len(text) < 2 || text[0] != 'P' || !isDigit(text[1]) {
		return false
	}
	st := s.stalls[len(s.stalls)-1]
	l, _, ok := klog.ParseLine("Tasks blocked on level-0 rcu_node (CPUs 0-0): " + text)
	tasks, isTasks := l.(*klog.StallTasks)
	if !ok || !isTasks || st.Unnamed == 0 {
		return false
	}
	for i := range tasks.Tasks {
		st.Tasks = append(st.Tasks, stalledTask(e, &tasks.Tasks[i]))
	}
	st.Unnamed = 0
	return true
}

func (c *collector) giveUp(s *stream) {
	if s.half != nil {
		c.suspect(s.half)
		s.half = nil
	}
}

func (c *collector) suspect(e *entry) {
	f := c.facts
	f.Unread++
	if len(f.Suspects) < maxSuspects {
		text := strings.TrimSpace(e.text)
		if len(text) > 200 {
			text = text[:200]
		}
		f.Suspects = append(f.Suspects, Suspect{e.where(), strings.ToValidUTF8(text, "?")})
	}
}

// marks are words of the reports that this package reads.
var marks = []string{
	"INFO: task ", "blocked for more than ", " blocked on a mutex", "self-detected stall on CPU", "detected stalls on ", "detected expedited stalls",
	" ticks this GP)", " GPs behind)", "(detected by ", "rcu_node (CPUs ", "kthread starved for ", "kthread timer wakeup didn't happen",
	"workqueue lockup - pool", "soft lockup - CPU", "hard LOCKUP", "grace period number ", "interrupt took ", "NMI handler (", "}, at:",
}

func looksLikeReport(text string) bool {
	for _, m := range marks {
		if strings.Contains(text, m) {
			return true
		}
	}
	return false
}
