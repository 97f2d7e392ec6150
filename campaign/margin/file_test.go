package margin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// write writes b to a new file and returns its path.
func write(t *testing.T, b []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "margins.jsonl")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func marginLines(t *testing.T, s Set) string {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarginsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	search := func(axis Axis) Set {
		p := &Plan{Scenario: Scenario(), Axis: axis, Seed: 3, Fixes: []world.Subject{{Name: campaign.Baseline}, {Name: "good"}}}
		found, err := Run(context.Background(), p, in(worldtest.Logistic{Middle: 3, Octaves: 0.1}.World()))
		if err != nil {
			t.Fatal(err)
		}
		return p.Set(found)
	}
	duty, handler := search(AxisDuty), search(AxisHandler)
	dutyLines, handlerLines := marginLines(t, duty), marginLines(t, handler)
	for what, paths := range map[string][]string{
		"two files": {write(t, []byte(handlerLines)), write(t, []byte(dutyLines))},
		"one file":  {write(t, []byte(handlerLines+dutyLines))},
	} {
		got, err := Read(paths)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Set{duty, handler}, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestMarginsOfAnotherKindAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	good := marginLines(t, Set{Axis: AxisDuty, Scenario: campaign.Class{Name: "margin", Content: "1"}, Seed: 1, Margins: []Margin{{
		Fix: "baseline", Axis: AxisDuty, At10: Threshold{Lo: 0.5, Hi: 0.6}, At50: Threshold{Lo: 0.5, Hi: 0.7},
		Points: []Point{{Value: 0.5, Trials: 12}}, Trials: 12,
	}}})
	if _, err := Read([]string{write(t, []byte(good))}); err != nil {
		t.Fatal(err)
	}
	but := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct{ text, want string }{
		{"", "empty: want a file of margins"},
		{"hello\n", `line 1: not a margin: want {"gpstorm":"margin/1",...}`},
		{good + "{}\n", `line 2: not a margin: want {"gpstorm":"margin/1",...}`},
		{good[:len(good)/2], `line 1: not a margin: want {"gpstorm":"margin/1",...}`},
		{`{"gpstorm":"results/1","seed":1}`, `line 1: gpstorm: results/1: want margin/1`},
		{but(`"seed"`, `"colour":1,"seed"`), `line 1: colour: unknown field: want the fields of this version`},
		{but(`"axis":"duty"`, `"axis":"warp"`), `line 1: axis: warp: want an axis: duty, handler, readers`},
		{but(`"fix":"baseline"`, `"fix":""`), "line 1: fix: none: want a candidate's name"},
		{but(`"lo":0.5,"hi":0.6`, `"lo":0.6,"hi":0.6`), "line 1: at_10: from 0.6 to 0.6: want two loads of axis duty, the second higher"},
		{but(`"hi":0.7`, `"hi":7`), "line 1: at_50: from 0.5 to 7: want two loads of axis duty"},
		{but(`"hung":0`, `"hung":13`), "line 1: points: number 1: 13 of 12 trials hung at 0.5"},
		{good + good, "line 2: fix baseline, axis duty: want it once"},
		{good + but(`"seed":1`, `"seed":2`), "axis duty: scenario margin (1), seed 2: want those of the lines before, scenario margin (1), seed 1"},
		{good + but(`"content":"1"`, `"content":"2"`), "axis duty: scenario margin (2), seed 1: want those of the lines before, scenario margin (1), seed 1"},
	} {
		_, err := Read([]string{write(t, []byte(c.text))})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
