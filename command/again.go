package command

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
)

// The files that the commands which make a report again write.
const (
	resultsFile = "results.jsonl"
	marginsFile = "margins.jsonl"
	pageFile    = "report.html"
)

// again lists the commands that make a report again, and says which files of the
// user's they read.
func again(s *campaign.Summary) report.Again {
	a := report.Again{Commands: []string{evaluateCommand(&s.Head)}}
	classes := slices.Clone(s.Head.Scenarios)
	show := "gpstorm report " + resultsFile
	for i := range s.Margins {
		a.Commands = append(a.Commands, marginCommand(&s.Margins[i], i == 0))
		classes = append(classes, s.Margins[i].Scenario)
	}
	if len(s.Margins) > 0 {
		show += " --margins " + marginsFile
	}
	a.Commands = append(a.Commands, show+" --html "+pageFile)
	noted := map[campaign.Class]bool{}
	for _, c := range classes {
		if arg := scenarioArgument(&c); arg != c.Name && !isMarginDefault(&c) && !noted[c] {
			noted[c] = true
			a.Notes = append(a.Notes, fmt.Sprintf("%s stands for the file of scenario %s, whose contents have the digest %s.", arg, c.Name, c.Content))
		}
	}
	return a
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

// isMarginDefault reports whether margin searches in this scenario when no other
// is given.
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

// scenarioArgument is what --scenario takes for a class of trials: the name of a
// preset of this build, or of a file.
func scenarioArgument(c *campaign.Class) string {
	if sc, ok := workload.Preset(c.Name); ok && digest(sc) == c.Content {
		return c.Name
	}
	return c.Name + ".yaml"
}

func digest(sc workload.Scenario) string { return fmt.Sprintf("%016x", workload.Digest(sc)) }

var plain = regexp.MustCompile(`^[A-Za-z0-9_.+/=:@%-]+$`)

// quote makes one word of a shell command line.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
