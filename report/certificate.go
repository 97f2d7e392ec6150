package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign/certificate"
)

// CertificateReport shows a certificate.
type CertificateReport struct {
	Certificate *certificate.Certificate
	Program     string // that replays tokens
}

// verdict returns the claim and its outcome.
func (r *CertificateReport) verdict() string {
	c := r.Certificate
	claim := fmt.Sprintf("%s hangs in less than %g of trials in each of %d scenarios, with a confidence of %g %%", c.Claim.Fix, c.Claim.MaxHangRate, len(c.Parts), 100*c.Claim.Confidence)
	switch c.Outcome {
	case certificate.Shown:
		return "SHOWN: " + claim + "."
	case certificate.Refuted:
		return "REFUTED: that " + claim + "."
	case certificate.Refused:
		return fmt.Sprintf("REFUSED: a control did not misbehave, or a planted bug was not caught, so that nothing would follow about %s.", c.Claim.Fix)
	}
	return "NOT SHOWN: that " + claim + "."
}

// Text writes the certificate for a terminal.
func (r *CertificateReport) Text(w io.Writer, s Screen) error {
	return r.write(w, s, "", func(t *table, b *strings.Builder) error { return t.text(b, s) })
}

// Markdown writes the certificate for a mail or a pull request.
func (r *CertificateReport) Markdown(w io.Writer) error {
	return r.write(w, Screen{}, "## ", func(t *table, b *strings.Builder) error { return t.markdown(b) })
}

// write writes the parts of a certificate, each under a heading.
func (r *CertificateReport) write(w io.Writer, s Screen, mark string, show func(*table, *strings.Builder) error) error {
	c := r.Certificate
	var b strings.Builder
	line, bullet := func(s string) string { return s + "\n" }, func(s string) string { return "- " + s + "\n" }
	if mark == "" {
		line = func(text string) string { return s.wrap(text, "") }
		bullet = func(text string) string { return s.wrap(text, "  ") }
	} else {
		b.WriteString("# Certificate\n\n")
	}
	b.WriteString(line(r.verdict()))
	section := func(head string) { fmt.Fprintf(&b, "\n%s%s\n", mark, head); blank(&b, mark) }
	if len(c.Parts) > 0 {
		section("Scenarios")
		if err := show(certificateColumns.table(pointers(c.Parts)), &b); err != nil {
			return err
		}
		blank(&b, mark)
		for i := range c.Parts {
			b.WriteString(bullet(c.Parts[i].Scenario.Name + ": " + c.Parts[i].Why + "."))
		}
		for i := range c.Parts {
			if p := &c.Parts[i]; p.First != "" {
				fmt.Fprintf(&b, "%s%s replay %s\n", "  ", r.Program, p.First)
			}
		}
	}
	section("How")
	for _, s := range r.how() {
		b.WriteString(bullet(s))
	}
	section("Controls and planted bugs")
	for _, check := range c.Controls {
		b.WriteString(bullet(fmt.Sprintf("%s %s: %s (%s).", check.Fix, check.Required, yes(check.Passed), check.Seen)))
	}
	b.WriteString(bullet(r.planted()))
	if len(c.Order) > 0 {
		section("Order world")
		for _, o := range c.Order {
			b.WriteString(bullet(orderLine(r.Program, &o)))
		}
	}
	if len(c.Boots) > 0 {
		section("Real kernels")
		for _, k := range c.Boots {
			name := k.Kernel
			if k.About != "" {
				name += " (" + k.About + ")"
			}
			b.WriteString(bullet(fmt.Sprintf("%s in %s: hung in %d of %d trials %s.", name, k.Scenario, k.Hung, k.Trials, interval(k.HangRate))))
		}
	}
	section("Not covered")
	for _, s := range c.NotCovered {
		b.WriteString(bullet(s))
	}
	section("Again")
	if mark == "" {
		fmt.Fprintf(&b, "  %s\n", c.Again)
	} else {
		fmt.Fprintf(&b, "```\n%s\n```\n", c.Again)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// blank separates blocks of Markdown.
func blank(b *strings.Builder, mark string) {
	if mark != "" {
		b.WriteByte('\n')
	}
}

func yes(passed bool) string {
	if passed {
		return "yes"
	}
	return "NO"
}

var certificateColumns = columns[*certificate.Part]{
	{head: "scenario", words: true, show: func(p *certificate.Part) cell { return cell{Text: p.Scenario.Name} }},
	{head: "close() of", show: func(p *certificate.Part) cell { return cell{Text: p.Threshold.String()} }},
	{head: "outcome", words: true, show: func(p *certificate.Part) cell { return cell{Text: string(p.Outcome)} }},
	{head: "rate", show: func(p *certificate.Part) cell {
		if p.Estimate == nil {
			return cell{Text: fmt.Sprintf("%d of %d", p.Hung, p.Counted)}
		}
		e := p.Estimate
		switch {
		case len(e.Doubts) == 0:
			return cell{Text: rateText(e)}
		case e.Counted.Lo == 0:
			return cell{Text: fmt.Sprintf("below %.2g", e.Counted.Hi)}
		}
		return cell{Text: fmt.Sprintf("%.2g to %.2g", e.Counted.Lo, e.Counted.Hi)}
	}},
	{head: "trials", show: func(p *certificate.Part) cell {
		n := p.Counted
		if p.Estimate != nil {
			n += p.Estimate.Trials
		}
		return cell{Text: fmt.Sprint(n)}
	}},
	{head: "levels", show: func(p *certificate.Part) cell {
		if p.Estimate == nil {
			return cell{Text: nothing}
		}
		return cell{Text: fmt.Sprint(len(p.Estimate.Levels))}
	}},
}

func (r *CertificateReport) how() []string {
	c := r.Certificate
	build := c.Build
	if build == "" {
		build = "unknown"
	}
	return []string{
		fmt.Sprintf("A trial hangs if a close() takes the hung-task timeout or longer; trials are variations of the scenario in the world %s, model %s, build %s, seed %d.", c.World, c.Model, build, c.Claim.Seed),
		fmt.Sprintf("Subset simulation, %d replicates of %d trials a level (docs/rates.md); intervals at the confidence of the claim, divided between the scenarios (Bonferroni).", c.Claim.Replicates, c.Claim.Trials),
	}
}

func (r *CertificateReport) planted() string {
	var missed []string
	for _, p := range r.Certificate.Planted {
		if !p.Caught {
			missed = append(missed, p.Name)
		}
	}
	all := len(r.Certificate.Planted)
	if len(missed) > 0 {
		return fmt.Sprintf("Planted bugs of the order world: %d of %d caught; missed: %s.", all-len(missed), all, strings.Join(missed, ", "))
	}
	return fmt.Sprintf("Planted bugs of the order world: all %d caught.", all)
}

func orderLine(program string, o *certificate.Order) string {
	switch {
	case o.Violation != "":
		return fmt.Sprintf("%s: VIOLATION, %s: %s", o.Case, o.Violation, replayCommand(program, o.Replay))
	case o.Complete:
		return fmt.Sprintf("%s: no violation in any of %d states.", o.Case, o.States)
	}
	return fmt.Sprintf("%s: no violation in %d states, then the search was cut short.", o.Case, o.States)
}
