package command

import (
	"bytes"
	"fmt"
	"os"
	"regexp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// reference is what replay and shrink take: a token, or a failure file, whose
// first line holds one.
type reference struct {
	token trial.Token
	file  string // empty if the token came by itself
	text  []byte // of the file
}

// tokenForm is how tokens of every version begin, also of versions to come: they
// are no names of files.
var tokenForm = regexp.MustCompile(`^\s*gps[0-9]+\.`)

// readReference reads a token or a failure file.
func readReference(arg string) (r reference, err error) {
	if tokenForm.MatchString(arg) {
		r.token, err = trial.ParseToken(arg)
		return r, badInput(err)
	}
	r.file = arg
	if r.text, err = os.ReadFile(arg); err != nil {
		return r, wrong("token", arg, "a token, which begins with gps1., or a failure file")
	}
	if r.token, err = failure.ParseToken(r.text); err != nil {
		return r, inputf("%s: %w", arg, err)
	}
	return r, nil
}

// trial returns the trial of a world that runs scenarios.
func (c *common) trial(r *reference) (campaign.Trial, error) {
	t, err := campaign.FromToken(r.token, c.lookupTokenFix)
	if err == nil && r.file != "" {
		err = c.checkScenario(&t, r)
	}
	if err != nil && r.file != "" {
		err = fmt.Errorf("%s: %w", r.file, err)
	}
	return t, badInput(err)
}

// lookupTokenFix finds the candidate of a token, which may be one that only
// another program has.
func (c *common) lookupTokenFix(name string) (fixes.Fix, error) {
	f, err := c.names.fixes.Find(name)
	if err != nil {
		err = fmt.Errorf("%w; a token of another program's own candidate replays in that program only", err)
	}
	return f, err
}

// checkScenario refuses a failure file whose scenario was edited.
func (c *common) checkScenario(t *campaign.Trial, r *reference) error {
	_, sc, err := failure.Parse(r.text)
	if err != nil {
		return err
	}
	if !bytes.Equal(workload.Encode(varied(t)), workload.Encode(sc)) {
		return fmt.Errorf("scenario: edited: want the scenario of the token; to run the edited one: %s run %s --fix %s --seed %d", c.program, r.file, t.Fix.Name, t.Seed)
	}
	return nil
}

// isFailureFile reports whether a file begins like a failure file.
func isFailureFile(path string) bool {
	b, err := os.ReadFile(path)
	return err == nil && failure.Is(b)
}

// varied is the scenario that a trial runs.
func varied(t *campaign.Trial) workload.Scenario {
	return workload.Vary(t.Scenario, t.Variation, t.Seed)
}

// saveClusters writes a failure file for each cause of failure in a campaign. It
// runs the trial with the fewest steps again, to record its console and causes.
func (c *common) saveClusters(dir string, sum *campaign.Summary) (paths []string, err error) {
	for i := range sum.Clusters {
		cluster := &sum.Clusters[i]
		r, err := readReference(cluster.Smallest)
		if err != nil {
			return paths, err
		}
		t, err := c.trial(&r)
		if err != nil {
			return paths, err
		}
		f := failure.Failure{Token: r.token, Scenario: varied(&t), Result: t.Run(inKernel(true))}
		if cluster.Count > 1 {
			f.Notes = []string{fmt.Sprintf("%d trials of the campaign failed with this cause; this one took the fewest steps", cluster.Count)}
		}
		path, err := f.Save(dir)
		if err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
