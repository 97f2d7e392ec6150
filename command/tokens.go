package command

import (
	"bytes"
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// reference is the argument of replay and shrink: a token, or a failure file with a token
// in its first line.
type reference struct {
	token trial.Token
	file  string // empty if the token came by itself
	text  []byte // of the file
}

// readReference reads a token or a failure file.
func readReference(arg string) (r reference, err error) {
	if trial.IsToken(arg) {
		r.token, err = trial.ParseToken(arg)
		return r, badInput(err)
	}
	text, err := readBounded(arg)
	if err != nil {
		return r, wrong("token", arg, "a token, which begins with gps2., or a failure file")
	}
	return fileReference(arg, text)
}

func fileReference(path string, text []byte) (r reference, err error) {
	r.file, r.text = path, text
	if r.token, err = failure.ParseToken(text); err != nil {
		return r, inputf("%s: %w", path, err)
	}
	return r, nil
}

// failureOrScenario finds what a token, a failure file, a preset's name or a scenario's file
// names: a trial that failed, or else a scenario. It reads a file once.
func (c *common) failureOrScenario(arg string) (*reference, workload.Scenario, error) {
	sc, unknown := c.names.preset(arg)
	if unknown == nil {
		return nil, sc, nil
	}
	if trial.IsToken(arg) {
		ref, err := readReference(arg)
		return &ref, sc, err
	}
	text, err := readBounded(arg)
	switch {
	case err == nil && isFile(arg) && !failure.Is(text):
		sc, err = decodeScenario(arg, text)
		return nil, sc, err
	case err == nil:
		ref, err := fileReference(arg, text)
		return &ref, sc, err
	case isFile(arg):
		return nil, sc, unreadable("scenario", arg, err)
	}
	return nil, sc, badInput(unknown) // the name of a scenario, most likely
}

// trial returns the trial of a world that runs scenarios.
func (c *common) trial(r *reference) (world.Spec, world.World, error) {
	w, t, err := c.fromToken(r.token)
	if err == nil && r.file != "" {
		err = c.checkScenario(&t, r)
	}
	if err != nil && r.file != "" {
		err = fmt.Errorf("%s: %w", r.file, err)
	}
	return t, w, badInput(err)
}

// fromToken finds the world and the candidate of a token. Only another program may have
// the candidate.
func (c *common) fromToken(token trial.Token) (world.World, world.Spec, error) {
	w, want := c.names.world(token.World)
	if w == nil {
		return nil, world.Spec{}, wrong("token: world", token.World, "%s", want)
	}
	if _, err := w.Subject(token.Subject); err != nil {
		return nil, world.Spec{}, fmt.Errorf("token: %w; a token of another program's own candidate replays in that program only", err)
	}
	t, err := world.FromToken(token)
	return w, t, err
}

// checkScenario refuses a failure file whose scenario was edited.
func (c *common) checkScenario(t *world.Spec, r *reference) error {
	_, sc, err := failure.Parse(r.text)
	if err != nil {
		return err
	}
	if !bytes.Equal(workload.Encode(t.Varied()), workload.Encode(sc)) {
		return fmt.Errorf("scenario: edited: want the scenario of the token; to run the edited one: %s run %s --fix %s --seed %d", c.program, r.file, t.Subject, t.Seed)
	}
	return nil
}

// saveClusters writes a failure file for each cause of failure in a campaign. It reruns
// the trial with the fewest steps, to record its console and causes.
func (c *common) saveClusters(ctx context.Context, dir string, sum *campaign.Summary) (paths []string, err error) {
	for i := range sum.Clusters {
		cluster := &sum.Clusters[i]
		r, err := readReference(cluster.Smallest)
		if err != nil {
			return paths, err
		}
		t, w, err := c.trial(&r)
		if err != nil {
			return paths, err
		}
		result, err := inDetail(ctx, w, t)
		if err != nil {
			return paths, err
		}
		f := failure.Failure{Token: r.token, Scenario: t.Varied(), Result: result}
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
