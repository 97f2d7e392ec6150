package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/stat"
)

type runsOptions struct {
	*common
	maxRate, confidence, power percent
	seen, before               counted
	better                     float64
	tell                       ratePair
	perHour                    float64
	perBoot                    int
}

func newRunsCommand(c *common) *cobra.Command {
	o := runsOptions{common: c, confidence: 0.95, power: defaultPower}
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Calculate how many runs are enough",
		Long: `Calculates numbers of runs; it runs nothing. A run is whatever hangs or does not:
a trial, a boot, an hour of a reproducer. Three questions, of which one command
line may ask several:

  --max-hang-rate  how many runs show a rate below this; --seen counts those done
  --before         how many runs show that a fix helps, if so many hung without it;
                   with --better 10, that it makes hangs ten times rarer
  --tell           how many runs of each of two kernels tell these two rates apart

Each answer names its formula and the source of the formula. It holds if the runs
are independent, and if their number is fixed beforehand. --per-hour adds the
time. With --per-boot, several runs of each boot, the answer has two ends: all
runs are independent, or all runs of a boot hang together.`,
		Example: `  gpstorm runs --max-hang-rate 1% --seen 1/200 --per-hour 60
  gpstorm runs --before 3/40 --better 10
  gpstorm runs --tell 5%,1% --power 90%`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.maxRate == 0 && cmd.Flags().Changed("max-hang-rate") {
				return o.wrongRate()
			}
			return o.answer(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.Var(&o.maxRate, "max-hang-rate", "show that hangs are rarer than this rate")
	flags.Var(&o.seen, "seen", "how many of how many runs hung so far (default 0/0)")
	flags.Var(&o.before, "before", "how many of how many runs hung without the fix")
	flags.Float64Var(&o.better, "better", 1, "by what factor hangs have to become rarer")
	flags.Var(&o.tell, "tell", "two rates to tell apart")
	flags.Var(&o.confidence, "confidence", "1 less the rate of wrong claims")
	flags.Var(&o.power, "power", "how often the runs of --tell find the difference")
	flags.Float64Var(&o.perHour, "per-hour", 0, "how many runs an hour has")
	flags.IntVar(&o.perBoot, "per-boot", 1, "how many runs a boot has")
	return cmd
}

func (o *runsOptions) wrongRate() error {
	return wrong("--max-hang-rate", o.maxRate.String(), "1e-10%% or more, and less than 100%%")
}

func (o *runsOptions) answer(w io.Writer) error {
	answers, err := o.answers()
	if err != nil {
		return err
	}
	if o.json {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for i := range answers {
			if err := enc.Encode(&answers[i]); err != nil {
				return err
			}
		}
		return nil
	}
	var text strings.Builder
	for i := range answers {
		if i > 0 {
			text.WriteByte('\n')
		}
		if err := answers[i].text(&text); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, fit(screenOf(w), text.String()))
	return err
}

// runsAnswer is the answer to one question.
type runsAnswer struct {
	Question string `json:"question"`
	Claim    string `json:"claim"` // what the runs show
	// Plans are the numbers of runs for 0, 1, ... further hangs. If the question is
	// about hangs, only the first is present.
	Plans []runsPlan `json:"plans"`
	// CleanAtTenth is the probability that no run of the first plan hangs if
	// the true rate is a tenth of the one to be shown.
	CleanAtTenth float64 `json:"clean_at_tenth,omitempty"`
	Formula      string  `json:"formula"`
	Source       string  `json:"source"`
}

// runsPlan is the sufficient number of runs if so many of the future runs hang.
type runsPlan struct {
	Hangs int `json:"further_hangs"`
	Runs  int `json:"runs"` // total
	More  int `json:"more"` // future runs among them
	// Boots and Hours have two ends if a boot has several runs: for independent runs,
	// and for boots of which all runs hang or none.
	Boots [2]int     `json:"boots,omitzero"`
	Hours [2]float64 `json:"hours,omitzero"`
}

// furtherHangs is the largest number of further hangs in an answer.
const furtherHangs = 2

// defaultPower is how often the runs of --tell find the difference.
const defaultPower = 0.9

// leastRate bounds the rates: the numbers of runs for it are still exact.
const leastRate = 1e-12

// answers checks the flags and answers their questions.
func (o *runsOptions) answers() (answers []runsAnswer, err error) {
	level := float64(o.confidence)
	switch {
	case level < 0.5 || level > 0.999999:
		return nil, wrong("--confidence", o.confidence.String(), "50%% to 99.9999%%")
	case o.power < 0.5 || o.power > 0.999999:
		return nil, wrong("--power", o.power.String(), "50%% to 99.9999%%")
	case !(o.better >= 1 && o.better <= 1e9):
		return nil, wrong("--better", o.better, "a factor, 1 to 1e9")
	case !(o.perHour >= 0 && o.perHour <= 1e9):
		return nil, wrong("--per-hour", o.perHour, "0 to 1e9")
	case o.perBoot < 1 || o.perBoot > 1e9:
		return nil, wrong("--per-boot", o.perBoot, "1 to 1e9")
	case o.maxRate == 0 && o.before.runs == 0 && o.tell == ratePair{}:
		return nil, wrong("runs", absent("no question"), "--max-hang-rate, --before or --tell")
	case o.better != 1 && o.before.runs == 0:
		return nil, wrong("--better", o.better, "--before beside it")
	case o.power != defaultPower && o.tell == ratePair{}:
		return nil, wrong("--power", o.power.String(), "--tell beside it")
	case o.seen.runs > 0 && o.maxRate == 0 && o.before.runs == 0:
		return nil, wrong("--seen", &o.seen, "--max-hang-rate or --before beside it")
	}
	if o.maxRate != 0 {
		if !(o.maxRate >= leastRate && o.maxRate < 1) {
			return nil, o.wrongRate()
		}
		answers = append(answers, o.below(float64(o.maxRate), level))
	}
	if o.before.runs > 0 {
		if o.before.hung == 0 {
			return nil, wrong("--before", &o.before, "at least one hang: without one there is nothing to beat")
		}
		answers = append(answers, o.beat(level))
	}
	if o.tell != (ratePair{}) {
		answers = append(answers, o.toldApart(level))
	}
	return answers, nil
}

func (o *runsOptions) below(rate, level float64) runsAnswer {
	a := runsAnswer{
		Question: "max-hang-rate",
		Claim:    fmt.Sprintf("fewer than %s of the runs hang, with a confidence of %s", &o.maxRate, &o.confidence),
		Formula:  "the least n with P(X <= k) <= 1 - c, X binomial (n, p); for k = 0, n = ln(1 - c) / ln(1 - p)",
		Source:   "Clopper and Pearson, Biometrika 26 (1934) 404-413",
	}
	for hangs := range furtherHangs + 1 {
		a.Plans = append(a.Plans, o.plan(hangs, stat.RunsBelow(o.seen.hung+hangs, rate, level)))
	}
	a.CleanAtTenth = math.Exp(float64(a.Plans[0].More) * math.Log1p(-rate/10))
	return a
}

func (o *runsOptions) beat(level float64) runsAnswer {
	a := runsAnswer{
		Question: "before",
		Claim:    fmt.Sprintf("the fix makes hangs rarer than the %s of before, with a confidence of %s", &o.before, &o.confidence),
		Formula:  "the least n with P(X <= k) <= 1 - c, X binomial (k + K, n / (n + f N)), for K of N before and a factor f; for k = 0, n = f N ((1 - c)^(-1/K) - 1)",
		Source:   "Przyborowski and Wilenski, Biometrika 31 (1940) 313-323",
	}
	if o.better != 1 {
		a.Claim = fmt.Sprintf("the fix makes hangs %g times rarer than the %s of before, with a confidence of %s", o.better, &o.before, &o.confidence)
	}
	for hangs := range furtherHangs + 1 {
		a.Plans = append(a.Plans, o.plan(hangs, stat.RunsToBeat(o.seen.hung+hangs, o.before.hung, o.before.runs, o.better, level)))
	}
	return a
}

func (o *runsOptions) toldApart(level float64) runsAnswer {
	n := stat.RunsToTell(o.tell[0], o.tell[1], level, float64(o.power))
	p := runsPlan{Runs: n, More: n}
	p.spend(o.perHour, o.perBoot)
	return runsAnswer{
		Question: "tell",
		Claim: fmt.Sprintf("by so many runs of each kernel, Fisher's exact test tells hang rates of %s apart, with a confidence of %s and a power of %s",
			strings.ReplaceAll(o.tell.String(), ",", " and "), &o.confidence, &o.power),
		Plans:   []runsPlan{p},
		Formula: "n = m/4 (1 + sqrt(1 + 4 / (m |a - b|)))^2, m = (z(1 - (1 - c)/2) sqrt(2 r (1 - r)) + z(power) sqrt(a (1 - a) + b (1 - b)))^2 / (a - b)^2, r = (a + b)/2",
		Source:  "Fleiss, Tytun and Ury, Biometrics 36 (1980) 343-346",
	}
}

// plan returns the plan for so many future hangs and so many runs in total.
func (o *runsOptions) plan(hangs, runs int) runsPlan {
	p := runsPlan{Hangs: hangs, Runs: runs, More: max(hangs, runs-o.seen.runs)}
	p.Runs = o.seen.runs + p.More
	p.spend(o.perHour, o.perBoot)
	return p
}

// spend adds the boots and the time. Runs of one boot are correlated; n fully correlated
// runs are worth one (Kish, Survey Sampling (1965), section 5.4: the effect of clusters on
// variance).
func (p *runsPlan) spend(perHour float64, perBoot int) {
	if perBoot > 1 {
		p.Boots = [2]int{(p.More + perBoot - 1) / perBoot, p.More}
	}
	if perHour > 0 {
		few := float64(p.More) / perHour
		p.Hours = [2]float64{few, few * float64(perBoot)}
	}
}

// text writes the answer for a mail.
func (a *runsAnswer) text(w io.Writer) error {
	fmt.Fprintf(w, "%s%s:\n", strings.ToUpper(a.Claim[:1]), a.Claim[1:])
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	first := a.Plans[0]
	hang, all := len(a.Plans) > 1, first.Runs > first.More
	head := []string{"runs"}
	if hang {
		head = []string{"of them hang", "runs"}
	}
	if all {
		head = []string{"of them hang", "more runs", "runs in all"}
	}
	if first.Boots != [2]int{} {
		head = append(head, "boots")
	}
	if first.Hours != [2]float64{} {
		head = append(head, "time")
	}
	fmt.Fprintln(out, "\t"+strings.Join(head, "\t")+"\t")
	for _, p := range a.Plans {
		var cells []string
		if hang {
			cells = append(cells, strconv.Itoa(p.Hangs))
		}
		cells = append(cells, strconv.Itoa(p.More))
		if all {
			cells = append(cells, strconv.Itoa(p.Runs))
		}
		if p.Boots != [2]int{} {
			cells = append(cells, fmt.Sprintf("%d to %d", p.Boots[0], p.Boots[1]))
		}
		if p.Hours != [2]float64{} {
			cells = append(cells, hours(p.Hours))
		}
		fmt.Fprintln(out, "\t"+strings.Join(cells, "\t")+"\t")
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if a.CleanAtTenth > 0 {
		fmt.Fprintf(w, "  If the true rate is a tenth of that, the %d runs stay without a hang in %.0f %% of cases.\n", first.More, 100*a.CleanAtTenth)
	}
	if hang {
		fmt.Fprintln(w, "  Choose the line before the runs: adding runs after a hang makes wrong claims more frequent.")
	}
	_, err := fmt.Fprintf(w, "  formula  %s\n  source   %s\n", a.Formula, a.Source)
	return err
}

// hours writes a time, or the two ends of one, in convenient units.
func hours(h [2]float64) string {
	if h[0] == h[1] {
		return span(h[0])
	}
	return span(h[0]) + " to " + span(h[1])
}

func span(h float64) string {
	switch {
	case h < 1:
		return time.Duration(h * float64(time.Hour)).Round(time.Second).String()
	case h < 48:
		return fmt.Sprintf("%.1f hours", h)
	case h < 2*365*24:
		return fmt.Sprintf("%.1f days", h/24)
	}
	return fmt.Sprintf("%.0f years", h/24/365.25)
}

// counted is a count of runs that hung, of all: 3/40.
type counted struct{ hung, runs int }

func (c *counted) String() string {
	if c.runs == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", c.hung, c.runs)
}

// Type implements pflag.Value; the help shows it.
func (c *counted) Type() string { return "k/n" }

func (c *counted) want() string {
	return "the runs that hung and all runs, 3/40 say, at most 1000000000"
}

// Set reads the flag.
func (c *counted) Set(s string) error {
	hung, runs, _ := strings.Cut(s, "/")
	k, errK := strconv.Atoi(hung)
	n, errN := strconv.Atoi(runs)
	if errK != nil || errN != nil || k < 0 || n < 1 || k > n || n > 1e9 {
		return errors.New("not a count")
	}
	*c = counted{k, n}
	return nil
}

// ratePair is two rates to compare: 5%,1%.
type ratePair [2]float64

func (r *ratePair) String() string {
	if *r == (ratePair{}) {
		return ""
	}
	a, b := percent(r[0]), percent(r[1])
	return a.String() + "," + b.String()
}

// Type implements pflag.Value; the help shows it.
func (r *ratePair) Type() string { return "percent,percent" }

func (r *ratePair) want() string { return "two different rates, 5%,1% say" }

// Set reads the flag.
func (r *ratePair) Set(s string) error {
	first, second, _ := strings.Cut(s, ",")
	var a, b percent
	if err := errors.Join(a.Set(first), b.Set(second)); err != nil {
		return err
	}
	if !(a >= 0 && a <= 1 && b >= 0 && b <= 1 && math.Abs(float64(a-b)) >= leastRate) {
		return errors.New("not two rates")
	}
	*r = ratePair{float64(a), float64(b)}
	return nil
}
