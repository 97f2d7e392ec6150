package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/workload"
)

// The files that the commands which make a report again write.
const (
	resultsFile = "results.jsonl"
	marginsFile = "margins.jsonl"
	pageFile    = "report.html"
)

// again lists the commands that make the same report again, and what must be
// known for it beside them.
func again(s *campaign.Summary) (commands, notes []string) {
	commands = []string{evaluateCommand(&s.Head)}
	classes := append([]campaign.Class{}, s.Head.Scenarios...)
	show := "gpstorm report " + resultsFile
	for i := range s.Margins {
		commands = append(commands, marginCommand(&s.Margins[i], i == 0))
		classes = append(classes, s.Margins[i].Scenario)
	}
	if len(s.Margins) > 0 {
		show += " --margins " + marginsFile
	}
	noted := map[campaign.Class]bool{}
	for _, c := range classes {
		if arg := scenarioArgument(&c); arg != c.Name && !isMarginDefault(&c) && !noted[c] {
			noted[c] = true
			notes = append(notes, fmt.Sprintf("%s stands for the file of scenario %s, whose contents have the digest %s.", arg, c.Name, c.Content))
		}
	}
	return append(commands, show+" --html "+pageFile), notes
}

func evaluateCommand(h *campaign.Head) string {
	var b strings.Builder
	fmt.Fprintf(&b, "gpstorm evaluate --seed %d --variations %d", h.Seed, h.Variations)
	for i := range h.Scenarios {
		fmt.Fprintf(&b, " --scenario %s", quote(scenarioArgument(&h.Scenarios[i])))
	}
	for _, f := range h.Fixes {
		fmt.Fprintf(&b, " --fix %s", quote(f.Name))
	}
	if h.Shard != nil {
		fmt.Fprintf(&b, " --shard %s", h.Shard)
	}
	return b.String() + " --out " + resultsFile
}

// isMarginDefault reports whether margins are searched in this scenario unless
// another is given.
func isMarginDefault(c *campaign.Class) bool { return c.Content == digest(campaign.MarginScenario()) }

func marginCommand(set *campaign.MarginSet, first bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "gpstorm margin --axis %s --seed %d", set.Axis, set.Seed)
	if !isMarginDefault(&set.Scenario) {
		fmt.Fprintf(&b, " --scenario %s", quote(scenarioArgument(&set.Scenario)))
	}
	for i := range set.Margins {
		fmt.Fprintf(&b, " --fix %s", quote(set.Margins[i].Fix))
	}
	b.WriteString(" --json >")
	if !first {
		b.WriteByte('>')
	}
	return b.String() + " " + marginsFile
}

// scenarioArgument is what --scenario takes for a class of trials: a preset's
// name if it is one of this build, else the name of a file.
func scenarioArgument(c *campaign.Class) string {
	if sc, ok := workload.Preset(c.Name); ok && digest(sc) == c.Content {
		return c.Name
	}
	return c.Name + ".yaml"
}

func digest(sc workload.Scenario) string { return fmt.Sprintf("%016x", workload.Digest(sc)) }

var plain = regexp.MustCompile(`^[A-Za-z0-9_.+/=:@%-]+$`)

// quote makes a word of a command line that a shell takes as it is.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
