package command

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/order"
)

// lookupTrial finds the trial that a token, or a failure file, names.
func lookupTrial(arg string) (campaign.Trial, trial.Token, error) {
	if strings.HasPrefix(strings.TrimSpace(arg), "gps1.") {
		token, err := trial.ParseToken(arg)
		if err != nil {
			return campaign.Trial{}, token, err
		}
		t, err := campaign.FromToken(token, lookupFix)
		return t, token, err
	}
	b, err := os.ReadFile(arg)
	if err != nil {
		return campaign.Trial{}, trial.Token{}, fmt.Errorf("%q is no token (gps1....) and no failure file: %w", arg, err)
	}
	token, err := failure.ParseToken(b)
	if err != nil {
		return campaign.Trial{}, token, fmt.Errorf("%s: %w", arg, err)
	}
	t, err := campaign.FromToken(token, lookupFix)
	if err != nil {
		return t, token, fmt.Errorf("%s: %w", arg, err)
	}
	_, sc, err := failure.Parse(b)
	if err != nil {
		return t, token, fmt.Errorf("%s: %w", arg, err)
	}
	if !bytes.Equal(workload.Encode(varied(&t)), workload.Encode(sc)) {
		return t, token, fmt.Errorf("%s: its scenario is not its token's any more; gpstorm run %s --fix %s --seed %d runs it", arg, arg, t.Fix.Name, t.Seed)
	}
	return t, token, nil
}

// orderToken is the token of a finding of the order world, if arg is one or the
// failure file of one.
func orderToken(arg string) (trial.Token, bool) {
	token, err := trial.ParseToken(arg)
	if err != nil {
		var b []byte
		if b, err = os.ReadFile(arg); err == nil {
			token, err = failure.ParseToken(b)
		}
	}
	return token, err == nil && token.World == order.World
}

// isFailureFile reports whether a file begins like one.
func isFailureFile(path string) bool {
	b, err := os.ReadFile(path)
	return err == nil && failure.Is(b)
}

// varied is the scenario of a trial as it is run.
func varied(t *campaign.Trial) workload.Scenario {
	return workload.Vary(t.Scenario, t.Variation, t.Seed)
}

// saveClusters writes a failure file for each cause of failure that a campaign
// has found: of the smallest trial that failed so, run again to see what is
// known of it.
func saveClusters(dir string, sum *campaign.Summary) (paths []string, err error) {
	for i := range sum.Clusters {
		c := &sum.Clusters[i]
		t, token, err := lookupTrial(c.Smallest)
		if err != nil {
			return paths, err
		}
		f := failure.Failure{Token: token, Scenario: varied(&t), Result: t.Run(inKernel(true))}
		if c.Count > 1 {
			f.Notes = []string{fmt.Sprintf("%d trials of the campaign failed like this; of them this took the fewest steps", c.Count)}
		}
		path, err := f.Save(dir)
		if err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
