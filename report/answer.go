package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/gpstorm/gpstorm/campaign"
)

// answerLines bounds the answer: a terminal has 24 lines, and the prompt takes one.
const answerLines = 23

// answer writes the result of the campaign on one screen: the controls, a ranking of the
// candidates, and the verdict in one line.
func (r *Report) answer(w io.Writer, s Screen) error {
	order := r.ranking()
	for len(order) > 0 && standingOf(r.Summary, order[len(order)-1]) == isPlanted {
		order = order[:len(order)-1]
	}
	var b strings.Builder
	// Use as many rows as fit. Lines below name the other candidates.
	for rows := len(order); ; rows-- {
		b.Reset()
		if err := r.answerOf(&b, s, order, rows); err != nil {
			return err
		}
		if strings.Count(b.String(), "\n") <= answerLines || rows <= 1 {
			break
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// answerOf writes the answer with so many rows in its table.
func (r *Report) answerOf(b *strings.Builder, s Screen, order []int, rows int) error {
	sum := r.Summary
	h := &sum.Head
	shape := fmt.Sprintf("world %s: %s%d variations of %s, %d candidates, %d trials, seed %d", h.World, strings.ToLower(atMost(h)), h.Variations, counted(len(h.Scenarios), "scenario"), len(order), sum.Trials, h.Seed)
	b.WriteString(s.Hang("", shape, 0))
	label := func(word string, t tone, text string) {
		const room = 10
		first := s.paint(t, word) + strings.Repeat(" ", max(1, room-twwidth.Width(word)))
		b.WriteString(s.Hang(first, text, room))
	}
	words, state := controlWords(sum)
	label("controls", state, words)
	for _, n := range r.answerNotes() {
		label("note", bad, n)
	}
	b.WriteByte('\n')

	if err := r.overallColumns().table(order[:rows]).text(b, s); err != nil {
		return err
	}
	marks := ""
	groups := map[standing][]int{}
	for i, j := range order {
		if i < rows {
			marks += mark(&h.Fixes[j])
		} else {
			at := standingOf(sum, j)
			groups[at] = append(groups[at], j)
		}
	}
	for _, g := range []struct {
		at    standing
		words string
	}{{hangsLess, "less too"}, {isBase, "base"}, {noDifference, "~ base"}, {hangsMore, "more"}} {
		if all := groups[g.at]; len(all) > 0 {
			label(g.words, plain, groupWords(sum, all))
		}
	}
	for _, j := range order {
		if w := wrongs(sum, j); len(w) > 0 {
			label("WRONG", bad, sum.Overall[j].Fix+": "+strings.Join(w, ", "))
		}
	}
	var legend []string
	if strings.Contains(marks, "*") {
		legend = append(legend, "* breaks a guarantee that the kernel documents")
	}
	if strings.Contains(marks, "+") {
		legend = append(legend, "+ yardstick, not to be had")
	}
	if len(legend) > 0 {
		b.WriteString(s.wrap(strings.Join(legend, "; "), " "))
	}
	if belowBase(sum, order[:rows]) {
		b.WriteString(s.wrap("below "+h.Base()+": no significant difference from it", " "))
	}
	if r.Hint != "" {
		b.WriteString(s.paint(faint, strings.TrimSuffix(s.wrap(r.Hint, " "), "\n")) + "\n")
	}
	line, t := r.verdictLine(s.Columns())
	b.WriteString(s.paint(t, line) + "\n")
	return nil
}

// belowBase reports whether a candidate stands below the base that hung less often, but
// not significantly so.
func belowBase(s *campaign.Summary, order []int) bool {
	under := false
	var base float64
	for _, j := range order {
		o := &s.Overall[j]
		switch rate := share(o.Hung, o.Trials); {
		case standingOf(s, j) == isBase:
			under, base = true, rate
		case under && rate < base && standingOf(s, j) == noDifference:
			return true
		}
	}
	return false
}

// groupWords names candidates and the range of their hang rates. The candidates are in
// the order of the rates.
func groupWords(s *campaign.Summary, all []int) string {
	names := make([]string, len(all))
	for i, j := range all {
		names[i] = s.Overall[j].Fix
	}
	rate := func(j int) string { return percent(share(s.Overall[j].Hung, s.Overall[j].Trials)) }
	first, last := rate(all[0]), rate(all[len(all)-1])
	switch o := &s.Overall[all[0]]; {
	case len(all) == 1:
		first += " " + overallRate(&s.Head, o.Hung, o.Trials)
	case first != last:
		first += " to " + last
	}
	return strings.TrimSpace(first) + ": " + strings.Join(names, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// controlWords describes the results of the controls.
func controlWords(s *campaign.Summary) (string, tone) {
	switch {
	case s.Head.Shard != nil:
		return fmt.Sprintf("not judged: this is shard %s, and they are judged on the whole campaign", s.Head.Shard), bad
	case uncontrolled(s):
		return "none: this world has none, so nothing shows that a hang would have been seen", strong
	}
	var met, failed []string
	of := ""
	for _, c := range s.Checks {
		switch {
		case !c.Passed:
			failed = append(failed, fmt.Sprintf("%s %s (%s)", c.Fix, c.Required, c.Seen))
		case c.Fix == of:
			met[len(met)-1] += " and " + c.Required
		default:
			met = append(met, c.Fix+" "+c.Required)
			of = c.Fix
		}
	}
	if len(failed) > 0 {
		return "FAILED: required, and not seen: " + strings.Join(failed, "; "), bad
	}
	if s.Head.Facts.Uncontrolled {
		met = append(met, "none has to hang")
	}
	return "ok: " + strings.Join(met, "; "), good
}

// uncontrolled reports whether no control took part, in a world that needs none.
func uncontrolled(s *campaign.Summary) bool {
	return s.Head.Facts.Uncontrolled && len(s.Checks) == 0
}

// answerNotes returns the limits of all figures.
func (r *Report) answerNotes() (notes []string) {
	s := r.Summary
	if s.CutShort {
		notes = append(notes, fmt.Sprintf("cut short: %d of %d planned trials", s.Trials, s.Head.Trials()))
	}
	if n := truncated(s); n > 0 {
		notes = append(notes, fmt.Sprintf("%d trials reached the limit on steps and were cut off", n))
	}
	if n := leftOut(s); n > 0 {
		note := fmt.Sprintf("%d of %d trials are in no figure: their conditions were not the scenario's", n, s.Trials)
		if s.WhyLeftOut != "" {
			note += ", the first because " + s.WhyLeftOut
		}
		notes = append(notes, note)
	}
	return notes
}

// verdictLine returns the outcome in one line, for people and for grep. It is shortened
// to the width.
func (r *Report) verdictLine(width int) (string, tone) {
	s := r.Summary
	switch stateOf(s) {
	case shard:
		return "verdict: none: one shard of a campaign", bad
	case invalid:
		return "verdict: INVALID: a control did not misbehave, so that nothing follows", bad
	}
	word, t := "verdict: valid", good
	switch rows, undecided := s.Decided(); {
	case stateOf(s) == open:
		return "verdict: UNDECIDED: no row is decided, so that nothing follows", bad
	case undecided > 0:
		word += fmt.Sprintf("; %d of %d rows UNDECIDED", undecided, rows)
	}
	if s.CutShort {
		word = strings.Replace(word, "valid", "cut short", 1)
	}
	if uncontrolled(s) {
		word += ", without controls"
	}
	var best []string
	hung, trials, less, wrong := -1, 0, 0, 0
	base := ""
	for _, j := range r.ranking() {
		o := &s.Overall[j]
		switch standingOf(s, j) {
		case hangsLess:
			less++
			if mark(&s.Head.Fixes[j]) != "" {
				continue // excluded from the verdict, however good its figures are
			}
			if hung < 0 {
				hung, trials = o.Hung, o.Trials
			}
			if o.Hung == hung && o.Trials == trials {
				best = append(best, o.Fix)
			}
		case isBase:
			base = fmt.Sprintf("%s %d of %d", o.Fix, o.Hung, o.Trials)
		case isWrong:
			wrong++
		}
	}
	if wrong > 0 {
		word, t = fmt.Sprintf("%s; WRONG: %s", word, counted(wrong, "candidate")), bad
	}
	switch {
	case base == "":
		return word + "; no baseline, so that no candidate is compared", t
	case len(s.Overall) == 1:
		return word + "; " + base, t
	case less == 0:
		return word + "; no fewer hangs shown than " + base, t
	case len(best) == 0:
		return word + "; fewer hangs with * and + only than " + base, t
	}
	for n := len(best); ; n-- {
		names := strings.Join(best[:n], ", ")
		if n < len(best) {
			names += fmt.Sprintf(" (+%d)", len(best)-n)
		}
		line := fmt.Sprintf("%s; fewest hangs: %s %d of %d; %s", word, names, hung, trials, base)
		if n == 1 || twwidth.Width(line) <= width {
			return line, t
		}
	}
}
