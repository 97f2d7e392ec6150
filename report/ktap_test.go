package report

import (
	"bytes"
	"encoding/xml"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign/calibration"
)

// outcomes reads the outcomes of a KTAP file as its readers do, and checks plans and
// numbers on the way.
func outcomes(t *testing.T, text string) (all []string) {
	t.Helper()
	type level struct{ planned, seen int }
	levels := map[int]*level{}
	line := regexp.MustCompile(`^( *)(not ok|ok) (\d+) ([^#]*)(?:# (.*))?$`)
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		body := strings.TrimLeft(l, " ")
		depth := len(l) - len(body)
		switch {
		case body == "KTAP version 1":
			levels[depth] = &level{}
		case strings.HasPrefix(body, "1.."):
			levels[depth].planned, _ = strconv.Atoi(body[3:])
		case strings.HasPrefix(body, "#"):
		default:
			m := line.FindStringSubmatch(l)
			if m == nil {
				t.Fatalf("no line of KTAP: %q", l)
			}
			at := levels[depth]
			if at.seen++; m[3] != strconv.Itoa(at.seen) {
				t.Errorf("%q: want number %d", l, at.seen)
			}
			if inner := levels[depth+2]; inner != nil && inner.seen != inner.planned {
				t.Errorf("before %q: %d tests, the plan has %d", l, inner.seen, inner.planned)
			}
			delete(levels, depth+2)
			all = append(all, strings.TrimSpace(m[2]+" "+strings.TrimSpace(m[4])+" "+m[5]))
		}
	}
	if top := levels[0]; top == nil || top.seen != top.planned {
		t.Errorf("top level: %+v", top)
	}
	return all
}

func TestKTAPPassesOnlyDecidedCriteria(t *testing.T) {
	t.Parallel()
	got := outcomes(t, written(t, func(b *bytes.Buffer) error { return gates().KTAP(b) }))
	want := []string{
		"ok baseline hangs in repro2", "ok controls",
		"ok hangs in less than 1% of trials", "ok never unsafe", "ok a|b",
		"not ok hangs in less than 1% of trials", "ok slowest close() over 30s in less than 1% of trials SKIP undecided, as another criterion failed first", "not ok late",
		"ok hangs in less than 1% of trials SKIP undecided, as the budget was spent", "ok rare SKIP 1 of 1 undecided",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKTAPOfACampaignFailsCandidatesThatHung(t *testing.T) {
	t.Parallel()
	got := outcomes(t, written(t, func(b *bytes.Buffer) error { return reported().KTAP(b) }))
	for _, want := range []string{"ok controls", "ok baseline XFAIL it is a control", "not ok half", "not ok repro2", "ok calm"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	for _, o := range got {
		if strings.HasSuffix(o, " busted") {
			t.Errorf("a planted control among the tests: %q", o)
		}
	}
}

func TestKTAPOfAValidationMarksKnownDeviations(t *testing.T) {
	t.Parallel()
	v := &calibration.Result{Rows: []calibration.Row{
		{Group: "a # b", What: "inside", Measured: 1, Model: 1, Low: 0.9, High: 1.1, Within: true},
		{Group: "a # b", What: "known", Measured: 1, Model: 2, Low: 0.9, High: 1.1, Known: "no such hardware"},
		{Group: "c", What: "outside", Measured: 1, Model: 2, Low: 0.9, High: 1.1},
		{Group: "d", What: "not judged", Measured: math.NaN(), Model: 2, Within: true},
	}}
	got := outcomes(t, written(t, func(b *bytes.Buffer) error { return ValidationKTAP(b, v) }))
	want := []string{
		"ok inside", "ok known XFAIL no such hardware", "ok a b", "not ok outside", "not ok c",
		"ok not judged SKIP no band for this figure", "ok d SKIP 1 of 1 undecided",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(written(t, func(b *bytes.Buffer) error { return ValidationJUnit(b, v) })), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 4 || suite.Failures != 1 || suite.Skipped != 2 || suite.Cases[1].Skipped.Message != "expected to fail: no such hardware" {
		t.Errorf("JUnit: %+v", suite)
	}
}
