package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// policyFile is a gate's policy as the command line and its YAML file have it.
type policyFile struct {
	Fixes       []string `yaml:"fixes"`
	Scenarios   []string `yaml:"scenarios"`
	MaxHangRate percent  `yaml:"max_hang_rate"`
	MaxP99      span     `yaml:"max_p99"`
	NoUnsafe    bool     `yaml:"no_unsafe"`
	Confidence  percent  `yaml:"confidence"`
	Budget      int      `yaml:"budget"`
}

func defaultPolicy() policyFile {
	return policyFile{MaxHangRate: 0.01, NoUnsafe: true, Confidence: 0.99, Budget: 5000}
}

// under puts the file's policy beneath the flags that were given.
func (p *policyFile) under(path string, flags *pflag.FlagSet) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--policy: %w", err)
	}
	file := defaultPolicy()
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.Strict()); err != nil {
		line, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
		return fmt.Errorf("%s: %s; want fixes, scenarios, max_hang_rate, max_p99, no_unsafe, confidence, budget", path, line)
	}
	for name, keep := range map[string]func(){
		"fix":           func() { file.Fixes = p.Fixes },
		"scenario":      func() { file.Scenarios = p.Scenarios },
		"max-hang-rate": func() { file.MaxHangRate = p.MaxHangRate },
		"max-p99":       func() { file.MaxP99 = p.MaxP99 },
		"no-unsafe":     func() { file.NoUnsafe = p.NoUnsafe },
		"confidence":    func() { file.Confidence = p.Confidence },
		"budget":        func() { file.Budget = p.Budget },
	} {
		if flags.Changed(name) {
			keep()
		}
	}
	*p = file
	return nil
}

// resolve finds what the policy names.
func (p *policyFile) resolve() ([]fixes.Fix, []workload.Scenario, campaign.Policy, error) {
	policy := campaign.Policy{
		MaxHangRate: float64(p.MaxHangRate), MaxP99: p.MaxP99.d, NoUnsafe: p.NoUnsafe,
		Confidence: float64(p.Confidence), Budget: p.Budget,
	}
	if len(p.Fixes) == 0 {
		return nil, nil, policy, errors.New("fix: none given, want at least one")
	}
	s := selection{scenarios: p.Scenarios, fixes: p.Fixes}
	plan, err := s.plan()
	if err != nil {
		return nil, nil, policy, err
	}
	return plan.Fixes, plan.Scenarios, policy, policy.Validate()
}

// percent is a share, written 1% or 0.01.
type percent float64

func (p *percent) String() string { return strconv.FormatFloat(100*float64(*p), 'g', -1, 64) + "%" }

// Type names what the flag takes in its help.
func (p *percent) Type() string { return "percent" }

// Set reads the flag.
func (p *percent) Set(s string) error {
	number, isPercent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v != v {
		return fmt.Errorf("%q, want a percentage, 1%% say", s)
	}
	if isPercent {
		v /= 100
	}
	*p = percent(v)
	return nil
}

// UnmarshalYAML reads the field.
func (p *percent) UnmarshalYAML(b []byte) error { return p.Set(scalar(b)) }

// span is a duration with its unit.
type span struct{ d time.Duration }

// UnmarshalYAML reads the field.
func (s *span) UnmarshalYAML(b []byte) (err error) {
	if s.d, err = time.ParseDuration(scalar(b)); err != nil {
		return fmt.Errorf("%q, want a duration, 30s say", scalar(b))
	}
	return nil
}

func scalar(b []byte) string { return strings.Trim(strings.TrimSpace(string(b)), `"'`) }
