package repro

import (
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// maxSuspects limits the unparsed messages that are stored with their text.
const maxSuspects = 50

// half is the first part of a message, or several parts joined.
type half struct {
	entry
	last   int      // the line of the last part
	parts  int      // of the message
	joined []string // possible texts of the joined parts
}

func newHalf(e entry) *half { return &half{entry: e, last: e.line, parts: 1, joined: []string{e.text}} }

// maxParts is the maximum number of lines of a message: a mail may be wrapped,
// quoted and wrapped again.
const maxParts = 4

// with adds a part; texts are the possible joined texts.
func (h *half) with(e *entry, texts ...string) {
	h.text, h.joined = texts[0], texts
	h.last = e.line
	h.parts++
}

// joins returns the possible texts of the message with a further part. A terminal
// wraps a long line, a mail wraps it at a blank or, quoted-printable, after "=",
// and a task's name may contain a line break.
func (h *half) joins(next *entry) (texts []string) {
	for _, text := range h.joined {
		if len(text)+len(next.text) > maxContinued {
			continue
		}
		// A name may have a line break, but one without a time is rather a mail's.
		if h.parts == 1 && (next.stamped || !strings.HasPrefix(strings.TrimLeft(text, " \t"), "CPU: ")) {
			texts = append(texts, text+"\n"+next.text)
		}
		if !next.stamped || h.line == next.line {
			texts = append(texts, strings.TrimSuffix(text, "=")+next.text, strings.TrimRight(text, " \t")+" "+strings.TrimLeft(next.text, " \t"))
			if strings.HasSuffix(text, "=") {
				texts = append(texts, text+next.text) // it was "=3D", not the mail's
			}
		}
	}
	return texts
}

// goesOn reports whether the next line may be another part although the message is
// still incomplete: it has no timestamp, and is not a message by itself.
func (h *half) goesOn(next *entry) bool {
	lock := isHeldLock(strings.TrimLeft(h.text, " \t")) && strings.HasPrefix(next.text, "(")
	if next.stamped || h.parts == maxParts || strings.Trim(next.text, " \t") == "" || looksLikeReport(next.text) && !lock {
		return false
	}
	_, _, ok := klog.ParseLine(plainFrame(next.text))
	return !ok
}

// maxContinued limits the length of a joined line.
const maxContinued = 4096

// continues reports whether text continues the list of CPUs and tasks of an
// expedited stall.
func continues(half, text string) bool {
	text = strings.TrimLeft(text, " \t")
	return strings.Contains(half, "detected expedited stalls on CPUs/tasks: {") && !strings.Contains(half, "}") && len(half) < maxContinued &&
		text != "" && (text[0] == '}' || isDigit(text[0]) && strings.Contains(text[:min(len(text), 8)], "-") || text[0] == 'P' && len(text) > 1 && isDigit(text[1]))
}

// lateTasks reads tasks of a stall on a line after that of their node.
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
		c.suspect(&s.half.entry)
		c.tornTask(s, &s.half.entry)
		c.tornCPU(s, &s.half.entry)
		s.half = nil
	}
}

// tornTask begins a task with a torn line, so that the following frames are not
// added to the previous task.
func (c *collector) tornTask(s *stream, e *entry) {
	text := strings.Trim(e.text, " \t")
	if !isTaskLine(text) {
		return
	}
	comm, rest, _ := strings.Cut(strings.TrimPrefix(text, "task:"), " state:")
	l := klog.TaskLine{Comm: strings.TrimRight(comm, " \t"), State: '?'}
	if _, number, ok := strings.Cut(rest, " pid:"); ok {
		number = strings.TrimLeft(number, " ")
		digits := len(number) - len(strings.TrimLeft(number, "0123456789"))
		l.PID, _ = strconv.Atoi(number[:min(digits, 9)])
	}
	c.task(s, e, &l)
}

// isTaskLine reports whether a text begins like the line of a task.
func isTaskLine(text string) bool {
	return strings.HasPrefix(text, "task:") && strings.Contains(text, " state:")
}

// isHeldLock reports whether a text begins like a lock of a list: "#0:
// ffffffff8bf1fc80".
func isHeldLock(text string) bool {
	number, address, ok := strings.Cut(text[:min(len(text), 24)], ": ")
	return ok && len(number) > 1 && number[0] == '#' && strings.Trim(number[1:], "0123456789") == "" &&
		len(address) >= 16 && strings.Trim(address[:16], "0123456789abcdef") == ""
}

// tornCPU adds the CPU of a torn line to its stall: "1-...!: (4999 ticks this GP)".
func (c *collector) tornCPU(s *stream, e *entry) {
	head, _, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(e.text), "rcu:")), ")")
	if !ok || len(s.stalls) == 0 {
		return
	}
	l, _, ok := klog.ParseLine("rcu: \t" + head + ") idle=0000/1/0x1 softirq=0/0 fqs=0")
	if cpu, isCPU := l.(*klog.StalledCPU); ok && isCPU {
		st := s.stalls[len(s.stalls)-1]
		torn := stalledCPU(e, cpu)
		torn.Torn = true
		st.CPUs = append(st.CPUs, torn)
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

// marks are words that occur in the reports.
var marks = []string{
	"INFO: task ", "blocked for more than ", " blocked on a mutex", "self-detected stall on CPU", "detected stalls on ", "detected expedited stalls",
	" ticks this GP)", " GPs behind)", "(detected by ", "rcu_node (CPUs ", "kthread starved for ", "kthread timer wakeup didn't happen",
	"workqueue lockup - pool", "soft lockup - CPU", "hard LOCKUP", "grace period number ", "interrupt took ", "NMI handler (", "}, at:",
	"All QSes seen", "rcu_tasks_wait_gp: ", "Possible timer handling issue", " running task ", "detected stalls on tasks",
}

func looksLikeReport(text string) bool {
	text = strings.TrimLeft(text, " \t")
	if isTaskLine(text) || isHeldLock(text) || strings.HasPrefix(text, "CPU: ") && strings.Contains(text, " PID: ") && strings.Contains(text, " Comm: ") {
		return true
	}
	for _, m := range marks {
		if strings.Contains(text, m) {
			return true
		}
	}
	return false
}
