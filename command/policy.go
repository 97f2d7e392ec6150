package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
)

// policyFlags is the policy of a gate, as command line and YAML file write it.
type policyFlags struct {
	fixes, scenarios []string
	maxHangRate      percent
	maxP99           time.Duration
	minMargin        string // a load of marginAxis
	marginAxis       string
	marginLevel      percent
	marginScenario   string
	noUnsafe         bool
	confidence       percent
	budget           int
}

// register adds the flags with their defaults.
func (p *policyFlags) register(flags *pflag.FlagSet) {
	p.maxHangRate, p.marginLevel, p.confidence = 0.01, 0.1, 0.99
	flags.StringArrayVar(&p.fixes, "fix", nil, "a candidate's `name`; may be repeated")
	flags.StringArrayVar(&p.scenarios, "scenario", nil, "a preset's `name` or a YAML file; may be repeated (default all presets)")
	flags.Var(&p.maxHangRate, "max-hang-rate", "the share of trials that may hang; 0% leaves the rate untested")
	flags.DurationVar(&p.maxP99, "max-p99", 0, "how long the slowest close() of a trial may take in 99 of 100 trials")
	flags.StringVar(&p.minMargin, "min-margin", "", "the least `load` at which the candidate may begin to hang, on the margin's axis")
	flags.StringVar(&p.marginAxis, "margin-axis", string(margin.AxisDuty), "the load's axis: duty, handler or readers")
	flags.Var(&p.marginLevel, "margin-level", "the hang probability that counts as beginning to hang")
	flags.StringVar(&p.marginScenario, "margin-scenario", "", "the margin's preset or YAML `file` (default that of gpstorm margin)")
	flags.BoolVar(&p.noUnsafe, "no-unsafe", true, "fail at the first trial that is unsafe, deadlocked or with a lost wakeup")
	flags.Var(&p.confidence, "confidence", "1 less the rate of wrong decisions of either kind")
	flags.IntVar(&p.budget, "budget", 5000, "trials after which a criterion is undecided")
}

// resolve looks up the names in the policy. Kernels, if there are any, take the
// candidates' place.
func (p *policyFlags) resolve(c *common, in world.World, real *boot.World) ([]world.Subject, []workload.Scenario, gate.Policy, error) {
	policy := gate.Policy{
		MaxHangRate: float64(p.maxHangRate), MaxP99: p.maxP99, NoUnsafe: p.noUnsafe,
		Confidence: float64(p.confidence), Budget: p.budget,
	}
	switch {
	case real != nil && len(p.fixes) > 0:
		return nil, nil, policy, noFix(p.fixes[0])
	case real != nil && p.minMargin != "":
		return nil, nil, policy, wrong("min margin", p.minMargin, "none beside --world boot")
	case real == nil && len(p.fixes) == 0:
		return nil, nil, policy, wrong("fix", absent("none"), "at least one candidate")
	}
	s := selection{scenarios: p.scenarios, fixes: p.fixes}
	plan, err := s.plan(c, in)
	if err != nil {
		return nil, nil, policy, err
	}
	if real != nil {
		plan.Fixes = real.Subjects()
		if len(p.scenarios) == 0 {
			plan.Scenarios = boot.Presets()
		}
		if err := c.ready(worldBoot, real, plan.Scenarios); err != nil {
			return nil, nil, policy, err
		}
	}
	if policy.Margin, err = p.margin(c); err != nil {
		return nil, nil, policy, err
	}
	return plan.Fixes, plan.Scenarios, policy, policy.Validate()
}

// margin returns the criterion about the margin; the zero value is none.
func (p *policyFlags) margin(c *common) (m margin.AtLeast, err error) {
	if p.minMargin == "" {
		return m, nil
	}
	m = margin.AtLeast{Scenario: margin.Scenario(), Axis: margin.Axis(p.marginAxis), Level: float64(p.marginLevel)}
	if m.Load, err = m.Axis.ParseLoad(p.minMargin); err != nil {
		return m, fmt.Errorf("min margin: %w", err)
	}
	if p.marginScenario != "" {
		if m.Scenario, err = c.names.scenario(p.marginScenario); err != nil {
			return m, fmt.Errorf("margin %w", err)
		}
	}
	return m, nil
}

// checkMargin refuses flags and fields about the margin that come without a load:
// they would silently have no effect.
func checkMargin(flags *pflag.FlagSet) error {
	for _, name := range []string{"margin-axis", "margin-level", "margin-scenario"} {
		if f := flags.Lookup(name); f.Changed && !flags.Changed("min-margin") {
			return wrong(strings.ReplaceAll(name, "-", " "), f.Value, "a min margin beside it")
		}
	}
	return nil
}

// percent is a share, written 1% or 0.01.
type percent float64

func (p *percent) String() string { return strconv.FormatFloat(100*float64(*p), 'g', 12, 64) + "%" }

// Type is part of pflag.Value; the help shows it.
func (p *percent) Type() string { return "percent" }

func (p *percent) want() string { return "a percentage, 1% say, or a share from 0 to 1" }

// from refuses a flag's share below low, and the whole.
func (p *percent) from(low percent, flag string) error {
	if *p >= low && *p < 1 {
		return nil
	}
	return wrong(flag, p, "%s or more, and less than 100%%", &low)
}

// Set reads the flag.
func (p *percent) Set(s string) error {
	number, isPercent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v != v {
		return errors.New("not a percentage")
	}
	if isPercent {
		v /= 100
	}
	if v < 0 || v > 1 {
		return errors.New("not a share")
	}
	*p = percent(v)
	return nil
}
