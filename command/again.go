package command

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// The files that the commands which make a report again write.
const (
	resultsFile = "results.jsonl"
	marginsFile = "margins.jsonl"
	pageFile    = "report.html"
)

// again lists the commands that make a report again, and says which files of the
// user's they read. It lists none if the file of the results does not say which
// kernels were booted.
func (c *common) again(s *campaign.Summary, margins []margin.Set) report.Again {
	if s.Head.World == boot.Name && slices.ContainsFunc(s.Head.Fixes, func(k world.Subject) bool { return k.Kernel == "" }) {
		return report.Again{}
	}
	a := report.Again{Commands: []string{c.evaluateCommand(&s.Head)}}
	classes := slices.Clone(s.Head.Scenarios)
	show := c.program + " report " + resultsFile
	for i := range margins {
		a.Commands = append(a.Commands, c.marginCommand(&margins[i], i == 0))
		classes = append(classes, margins[i].Scenario)
	}
	if len(margins) > 0 {
		show += " --margins " + marginsFile
	}
	a.Commands = append(a.Commands, show+" --html "+pageFile)
	noted := map[campaign.Class]bool{}
	for _, class := range classes {
		if arg := c.scenarioArgument(&class); arg != class.Name && !isMarginDefault(&class) && !noted[class] {
			noted[class] = true
			a.Notes = append(a.Notes, fmt.Sprintf("%s stands for the file of scenario %s, whose contents have the digest %s.", arg, class.Name, class.Content))
		}
	}
	return a
}

func (c *common) evaluateCommand(h *campaign.Head) string {
	var b strings.Builder
	repeat, subject := "--variations", func(s *world.Subject) string { return "--fix " + quote(s.Name) }
	if h.World == boot.Name {
		repeat, subject = "--boots", func(s *world.Subject) string { return "--kernel " + quote(s.Kernel) }
	}
	fmt.Fprintf(&b, "%s evaluate --seed %d %s %d", c.program, h.Seed, repeat, h.Variations)
	if h.World != kernel.Name {
		fmt.Fprintf(&b, " --world %s", quote(h.World))
	}
	for i := range h.Scenarios {
		fmt.Fprintf(&b, " --scenario %s", quote(c.scenarioArgument(&h.Scenarios[i])))
	}
	for i := range h.Fixes {
		b.WriteString(" " + subject(&h.Fixes[i]))
	}
	if h.UntilDecided {
		b.WriteString(" --until-decided")
	}
	if h.Shard != nil {
		fmt.Fprintf(&b, " --shard %s", h.Shard)
	}
	return b.String() + " --out " + resultsFile
}

// isMarginDefault reports whether margin searches in this scenario when no other
// is given.
func isMarginDefault(c *campaign.Class) bool { return c.Content == digest(margin.Scenario()) }

func (c *common) marginCommand(set *margin.Set, first bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s margin --axis %s --seed %d", c.program, set.Axis, set.Seed)
	if !isMarginDefault(&set.Scenario) {
		fmt.Fprintf(&b, " --scenario %s", quote(c.scenarioArgument(&set.Scenario)))
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

// scenarioArgument returns the argument of --scenario for a class of trials: the name of
// a scenario of this program, or of a file.
func (c *common) scenarioArgument(class *campaign.Class) string {
	if sc, err := c.names.preset(class.Name); err == nil && digest(sc) == class.Content {
		return class.Name
	}
	return class.Name + ".yaml"
}

func digest(sc workload.Scenario) string { return fmt.Sprintf("%016x", workload.Digest(sc)) }

var plain = regexp.MustCompile(`^[A-Za-z0-9_.+/=:@%,-]+$`)

// quote makes one word of a shell command line.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
