package report

import (
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// tests names the tests of a campaign.
type tests struct {
	interval, hangs, closes string
	how                     []string // explanations for a reader
}

func testsOf(h *campaign.Head) tests {
	if !h.UntilDecided {
		return tests{interval: "exact 95 % interval (Clopper-Pearson)", hangs: "McNemar's exact test", closes: "an exact sign test"}
	}
	return tests{
		interval: "95 % interval by a confidence sequence, which holds however many trials a row got",
		hangs:    "a sequential sign test of the pairs that disagree", closes: "a sequential sign test",
		how: []string{
			"A comparison got no more trials once both of its differences, in hang rate and in the time of close(), were shown, or had a chance under 10 % of being shown by the remaining variations (predictive power, Spiegelhalter 1986). The tests stay valid however often one looks (mixtures of likelihood ratios, Robbins 1970); a quarter of their error is for looks, the rest for McNemar's exact test or the sign test after the last variation.",
			"Scenarios and candidates have different numbers of trials, so sums over scenarios are no rates. Intervals of ratios do not allow for the stopping.",
		},
	}
}

func atMost(h *campaign.Head) string {
	if h.UntilDecided {
		return "At most "
	}
	return ""
}

// decisions counts the comparisons by outcome, in a campaign that runs until it has
// decided.
func decisions(s *campaign.Summary) []string {
	compared, differ, open := 0, 0, 0
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			r := &s.Classes[i].Rows[j]
			c := r.VsBaseline
			if c == nil {
				continue
			}
			compared++
			if c.HangsLess() || c.HangsMore() || c.ClosesSooner() || c.ClosesLater() {
				differ++
			} else if r.Trials+r.LeftOut >= s.Head.Variations {
				open++
			}
		}
	}
	if compared == 0 {
		return []string{"No candidate is compared with a baseline in this campaign."}
	}
	line := fmt.Sprintf("Of %d comparisons within one scenario %d show a difference and %d were open after %d variations", compared, differ, open, s.Head.Variations)
	if rest := compared - differ - open; rest > 0 {
		line += fmt.Sprintf("; the other %d ended early, as more variations would hardly have shown one", rest)
	}
	return []string{fmt.Sprintf("%s. %d of at most %d trials ran.", line, s.Trials, s.Head.Trials())}
}

// overallRate returns the share of the trials of all scenarios that hung. It has no
// interval in a campaign that runs until it has decided, whose scenarios have different
// numbers of trials.
func overallRate(h *campaign.Head, hung, trials int) string {
	if h.UntilDecided {
		return ""
	}
	return bounds(stat.ClopperPearson(hung, trials, campaign.Level))
}
