package campaign

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/world"
)

func marginLines(t *testing.T, s MarginSet) string {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarginsAreReadAsTheyWereWritten(t *testing.T) {
	search := func(axis Axis) MarginSet {
		p := &MarginPlan{Scenario: MarginScenario(), Axis: axis, Seed: 3, Fixes: []world.Subject{{Name: Baseline}, {Name: "good"}}}
		found, err := RunMargin(context.Background(), p, in(logistic(3, 0.1)))
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
		got, err := ReadMargins(paths)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]MarginSet{duty, handler}, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

func TestMarginsOfAnotherKindAreRefusedInOneLine(t *testing.T) {
	good := marginLines(t, MarginSet{Axis: AxisDuty, Scenario: Class{Name: "margin", Content: "1"}, Seed: 1, Margins: []Margin{{
		Fix: "baseline", Axis: AxisDuty, At10: Threshold{Lo: 0.5, Hi: 0.6}, At50: Threshold{Lo: 0.5, Hi: 0.7},
		Points: []MarginPoint{{Value: 0.5, Trials: 12}}, Trials: 12,
	}}})
	if _, err := ReadMargins([]string{write(t, []byte(good))}); err != nil {
		t.Fatal(err)
	}
	but := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct{ text, want string }{
		{"", "empty, want a file of margins"},
		{"hello\n", `line 1: not a margin: want {"gpstorm":"margin/1",...}`},
		{good + "{}\n", `line 2: not a margin: want {"gpstorm":"margin/1",...}`},
		{good[:len(good)/2], `line 1: not a margin: want {"gpstorm":"margin/1",...}`},
		{`{"gpstorm":"results/1","seed":1}`, `line 1: gpstorm: format "results/1", want "margin/1"`},
		{but(`"seed"`, `"colour":1,"seed"`), `line 1: not a margin: json: unknown field "colour"`},
		{but(`"axis":"duty"`, `"axis":"warp"`), `line 1: axis: "warp": want an axis: duty, handler, readers`},
		{but(`"fix":"baseline"`, `"fix":""`), "line 1: fix: none, want a candidate's name"},
		{but(`"lo":0.5,"hi":0.6`, `"lo":0.6,"hi":0.6`), "line 1: at_10: from 0.6 to 0.6, want two loads of axis duty, the second higher"},
		{but(`"hi":0.7`, `"hi":7`), "line 1: at_50: from 0.5 to 7, want two loads of axis duty"},
		{but(`"hung":0`, `"hung":13`), "line 1: points: number 1: 13 of 12 trials hung at 0.5"},
		{good + good, "line 2: fix baseline, axis duty: there already"},
		{good + but(`"seed":1`, `"seed":2`), "of another search than the lines before: scenario margin (1), seed 2, not scenario margin (1), seed 1"},
		{good + but(`"content":"1"`, `"content":"2"`), "of another search than the lines before: scenario margin (2), seed 1, not scenario margin (1), seed 1"},
	} {
		_, err := ReadMargins([]string{write(t, []byte(c.text))})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
