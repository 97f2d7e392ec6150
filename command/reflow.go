package command

import (
	"regexp"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwarp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// item is a line of a list in a help text: a term and its meaning.
var item = regexp.MustCompile(`^(  \S.*?  +)(\S.*)$`)

// reflow wraps the paragraphs and the lists of a help text to a width. Indented lines
// below an item belong to it; other indented lines stay as they are.
func reflow(text string, width int) string {
	var out strings.Builder
	lead, words := "", ""
	flush := func() {
		if words == "" {
			return
		}
		lines, _ := twwarp.WrapString(words, width-twwidth.Width(lead))
		for i, l := range lines {
			if i > 0 {
				lead = strings.Repeat(" ", twwidth.Width(lead))
			}
			out.WriteString(lead + l + "\n")
		}
		lead, words = "", ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		m := item.FindStringSubmatch(line)
		switch {
		case m != nil:
			flush()
			lead, words = m[1], m[2]
		case line == "":
			flush()
			out.WriteString("\n")
		case !strings.HasPrefix(line, " ") && lead != "":
			flush()
			words = line
		case !strings.HasPrefix(line, " ") || lead != "":
			words = strings.TrimSpace(words + " " + strings.TrimSpace(line))
		default:
			flush()
			out.WriteString(line + "\n")
		}
	}
	flush()
	return strings.TrimRight(out.String(), "\n")
}
