package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Identity names the source of this program: the build if it is known and had a clean
// working tree, else a hash of the executable.
var Identity = sync.OnceValues(func() (string, error) {
	if b := campaign.Build(); b != "" && !strings.HasSuffix(b, "+dirty") {
		return b, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return "executable " + hex.EncodeToString(h.Sum(nil))[:16], nil
})

// proof describes a worker before it gets work. The coordinator compares it with its
// own.
type proof struct {
	Worker   string   `json:"worker"`
	Slots    int      `json:"slots"`
	World    string   `json:"world"`
	Model    string   `json:"model"`
	Build    string   `json:"build"`
	Canaries []canary `json:"canaries"`
}

// canary is the outcome of one canary trial.
type canary struct {
	Trial string `json:"trial"`
	// Digest is a hash of the whole result. It is empty in a world that is not
	// reproducible: there the subject is looked up, but no trial is run.
	Digest string `json:"digest,omitempty"`
	Error  string `json:"error,omitempty"`
}

// verdict is the coordinator's answer to a proof.
type verdict struct {
	Refused string `json:"refused,omitempty"` // the reason; empty if the worker is admitted
}

// question is the coordinator's answer to an empty message: the canary trials.
type question struct {
	Canaries []world.Spec `json:"canaries"`
}

// prove runs the canary trials.
func prove(ctx context.Context, w world.World, build string, specs []world.Spec) proof {
	p := proof{World: w.Name(), Model: w.Facts().Model, Build: build, Canaries: []canary{}}
	for _, s := range specs {
		c := canary{Trial: s.String()}
		if digest, err := digest(ctx, w, s); err != nil {
			c.Error = err.Error()
		} else {
			c.Digest = digest
		}
		p.Canaries = append(p.Canaries, c)
	}
	return p
}

func digest(ctx context.Context, w world.World, s world.Spec) (d string, err error) {
	if _, err := w.Subject(s.Subject); err != nil || !w.Facts().Reproducible {
		return "", err
	}
	local := campaign.Local{World: w, Parallel: 1}
	err = local.Execute(ctx, 1, func(int) world.Spec { return s }, func(_ int, r trial.Result) error {
		b, err := json.Marshal(&r)
		sum := sha256.Sum256(b)
		d = hex.EncodeToString(sum[:8])
		return err
	})
	return d, err
}

// differs returns in one line the reason to refuse a worker; "" if it is admitted.
func (p *proof) differs(want *proof) string {
	switch {
	case p.World != want.World:
		return fmt.Sprintf("world: %s: want %s", shown(p.World), want.World)
	case p.Model != want.Model:
		return fmt.Sprintf("model: %s: want %s, that of the coordinator", shown(p.Model), want.Model)
	case len(p.Canaries) != len(want.Canaries):
		return fmt.Sprintf("canary trials: %d: want %d", len(p.Canaries), len(want.Canaries))
	}
	for i, c := range p.Canaries {
		if c.Error != "" && want.Canaries[i].Error == "" {
			return fmt.Sprintf("%s: %s: want the program that has this candidate, of build %s", c.Trial, c.Error, want.Build)
		}
	}
	if p.Build != want.Build {
		return fmt.Sprintf("build: %s: want %s, that of the coordinator", shown(p.Build), want.Build)
	}
	for i, c := range p.Canaries {
		if w := want.Canaries[i]; c != w {
			return fmt.Sprintf("canary trial %s: digest %s: want %s: the worker computes other results", w.Trial, shown(c.Digest), w.Digest)
		}
	}
	return ""
}

// shown makes a text from another process safe to show in a message.
func shown(s string) string {
	if s == "" {
		return "none"
	}
	return named.Show(s)
}
