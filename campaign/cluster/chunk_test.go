package cluster

import (
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/world"
)

func TestAChunkCarriesEveryFieldOfItsSpecs(t *testing.T) {
	t.Parallel()
	other := scenario(t)
	other.About = "another of the same name"
	want := []world.Spec{
		{Scenario: scenario(t), Variation: 3, Subject: "a", Seed: 1<<64 - 1, Draws: []seed.Draw{{Stream: "s", Index: 2, Value: 1 << 63}}},
		{Scenario: other, Variation: 4, Subject: "b", Seed: 5},
		{Scenario: scenario(t), Variation: 5, Subject: "a", Seed: 6},
	}
	// A new field of Spec must be added here and to chunk.
	for f, v := range reflect.ValueOf(want[0]).Fields() {
		if v.IsZero() {
			t.Errorf("%s is zero", f.Name)
		}
	}
	wanted := world.Want{Log: true, Blame: true, Draws: true, MaxSteps: 1<<64 - 1}
	b, err := encoder{}.chunk(want, wanted)
	if err != nil {
		t.Fatal(err)
	}
	var c chunk
	if err := unpack(b, &c); err != nil {
		t.Fatal(err)
	}
	got, err := new(decoder).specs(&c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.Want != wanted {
		t.Errorf("to record %+v, want %+v", c.Want, wanted)
	}
	if len(c.Scenarios) != 2 || len(c.Subjects) != 2 {
		t.Errorf("%d scenarios and %d subjects, want each once", len(c.Scenarios), len(c.Subjects))
	}
}

func TestChunksThatAreNotValidAreRefused(t *testing.T) {
	t.Parallel()
	valid := func() chunk {
		return chunk{Scenarios: []string{"name: x\nmachine: {cpus: 2, hz: 250, preempt: full, mips: 100}\nclosers: [{name: a, count: 1}]\n"}, Subjects: []string{"a"}, Trials: []chunkTrial{{}}}
	}
	one := valid()
	if _, err := new(decoder).specs(&one); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*chunk){
		"no trials":    func(c *chunk) { c.Trials = nil },
		"many trials":  func(c *chunk) { c.Trials = make([]chunkTrial, maxTrials+1) },
		"scenario":     func(c *chunk) { c.Scenarios[0] = "name: [" },
		"scenarios":    func(c *chunk) { c.Trials[0].Scenario = 1 },
		"subjects":     func(c *chunk) { c.Trials[0].Subject = -1 },
		"variation":    func(c *chunk) { c.Trials[0].Variation = world.MaxVariations },
		"no scenarios": func(c *chunk) { c.Scenarios = nil },
	} {
		c := valid()
		change(&c)
		if _, err := new(decoder).specs(&c); err == nil || !strings.Contains(err.Error(), "chunk: ") {
			t.Errorf("%s: error %v, want one", name, err)
		}
	}
}

func TestAServerBeyondLoopbackNeedsATokenOrCertificates(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		s, err := Serve(ServerConfig{Listen: listen})
		if err == nil {
			t.Error(s.Shutdown())
		}
		if err == nil || !strings.Contains(err.Error(), "want a token") {
			t.Errorf("listen on %s: error %v, want that a token is wanted", listen, err)
		}
	}
}

func TestAServerOnAllAddressesIsNamedByItsMachine(t *testing.T) {
	t.Parallel()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for listen, want := range map[string]struct {
		host  string
		clear bool
	}{"0.0.0.0:0": {name, true}, "127.0.0.1:0": {"127.0.0.1", false}} {
		s, err := Serve(ServerConfig{Listen: listen, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(s.URL()); err != nil || u.Hostname() != want.host || u.Port() == "0" || s.InTheClear() != want.clear {
			t.Errorf("listen on %s: address %s, in the clear: %t; want %s, %t", listen, s.URL(), s.InTheClear(), want.host, want.clear)
		}
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}
}

func TestNobodyConnectsWithoutTheToken(t *testing.T) {
	t.Parallel()
	s, err := Serve(ServerConfig{Listen: "127.0.0.1:0", Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	for given, want := range map[string]bool{"": false, "another": false, token: true} {
		nc, err := Access{URL: s.URL(), Token: given}.Connect("test")
		if (err == nil) != want {
			t.Errorf("token %q: error %v", given, err)
		}
		if err == nil {
			nc.Close()
		} else if strings.Contains(err.Error(), token) {
			t.Errorf("error %v shows the token", err)
		}
	}
}
