package repro

import "strings"

// openings are the beginnings of reports.
var openings = []string{"rcu: INFO: ", "INFO: rcu", "INFO: task ", "watchdog: BUG: ", "BUG: workqueue lockup", "perf: interrupt took ", "hrtimer: interrupt took ", "rcu_tasks_wait_gp: ", "Showing all locks held "}

// behindHeader reads a message after a logger's header, for example a virtual
// machine's console in the log of its manager. The first report determines the
// number of words in the header: without them, the lines of reports parse.
func (c *collector) behindHeader(s *stream, e *entry) bool {
	if c.header > 0 {
		if text, ok := cutWords(e.text, c.header); ok {
			bare := *e
			bare.text = text
			return c.read(s, &bare)
		}
		return false
	}
	for _, o := range openings {
		i := strings.Index(e.text, o)
		if i <= 0 {
			continue
		}
		bare := *e
		bare.text = e.text[i:]
		if c.read(s, &bare) {
			c.header = len(strings.Fields(e.text[:i]))
			return true
		}
	}
	return false
}

// cutWords removes n words.
func cutWords(text string, n int) (rest string, ok bool) {
	rest = text
	for range n {
		rest = strings.TrimLeft(rest, " \t")
		i := strings.IndexAny(rest, " \t")
		if i < 0 {
			return "", false
		}
		rest = rest[i:]
	}
	return strings.TrimLeft(rest, " "), true
}
