package campaign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// Killing a process leaves a file that ends anywhere: within the head, within a
// line, or between lines.
func TestResumeContinuesAFileCutAnywhere(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	want := runToFile(t, p, in(synthetic), Options{})
	cuts := 41
	if testing.Short() {
		cuts = 11
	}
	for cut := 0; cut <= len(want); cut += len(want)/cuts + 1 {
		path := write(t, want[:cut])
		same(t, fmt.Sprintf("cut at %d", cut), runToFile(t, p, in(synthetic), Options{Out: path, Resume: true}), want)
	}
}

// A file that cannot be opened is bad input, whether it is to be new or continued.
func TestAResultsFileThatCannotBeWrittenIsBadInput(t *testing.T) {
	t.Parallel()
	for _, resume := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "missing", "results.jsonl")
		_, err := Run(t.Context(), testPlan(2), in(synthetic), Options{Out: path, Resume: resume})
		if input := (*InputError)(nil); !errors.As(err, &input) || !strings.HasPrefix(err.Error(), "out: "+path+": want a file that can be written (") {
			t.Errorf("resume %v: %v", resume, err)
		}
	}
}

func TestResumeRunsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	lines := bytes.SplitAfter(runToFile(t, p, in(synthetic), Options{}), []byte("\n"))
	path := write(t, bytes.Join(lines[:11], nil)) // the head and ten trials
	var done []int
	ran := 0
	run := func(at world.Spec) trial.Result {
		ran++
		return synthetic(at)
	}
	progress := func(n, _ int) { done = append(done, n) }
	if _, err := Run(context.Background(), p, &Local{World: worldtest.Func(run), Parallel: 1}, Options{Out: path, Resume: true, Progress: progress}); err != nil {
		t.Fatal(err)
	}
	// 24 in all, and the tenth once more to verify the build.
	if ran != 15 || done[0] != 11 || done[len(done)-1] != 24 {
		t.Errorf("ran %d, progress %v", ran, done)
	}
}

func TestResumeRefusesWhatItCannotContinue(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	whole := runToFile(t, p, in(synthetic), Options{})
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, c := range map[string]struct {
		file []byte
		plan *Plan
		run  worldtest.Func
		want string
	}{
		"not results":       {[]byte("hello"), p, synthetic, "not a results file"},
		"a line of rubbish": {slices.Concat(lines[0], []byte("{\n")), p, synthetic, "line 2: cut off: want whole JSON"},
		"a trial left out":  {slices.Concat(lines[0], lines[2]), p, synthetic, "line 2: fix good, scenario calm, variation 0, seed 2962861840223777: want fix baseline"},
		"another build": {whole, p, func(at world.Spec) trial.Result {
			r := synthetic(at)
			r.Checksum++
			return r
		}, "has another result now"},
	} {
		_, err := Run(context.Background(), c.plan, in(c.run), Options{Out: write(t, c.file), Resume: true})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := Run(context.Background(), p, in(synthetic), Options{Out: write(t, whole)}); err == nil || !strings.Contains(err.Error(), ": file already exists: want a new file") {
		t.Errorf("an existing file without resume: got %v", err)
	}
}

// A file of another campaign is refused with the name of the field.
func TestResumeNamesTheFieldThatDiffers(t *testing.T) {
	t.Parallel()
	whole := string(runToFile(t, testPlan(2), in(synthetic), Options{}))
	but := func(old, new string) func() (string, *Plan) {
		return func() (string, *Plan) {
			if !strings.Contains(whole, old) {
				t.Fatalf("no %s in %s", old, whole[:1000])
			}
			return strings.Replace(whole, old, new, 1), testPlan(2)
		}
	}
	plan := func(change func(*Plan)) func() (string, *Plan) {
		return func() (string, *Plan) { p := testPlan(2); change(p); return whole, p }
	}
	for want, c := range map[string]func() (string, *Plan){
		`world: live: want test`: but(`"world":"test"`, `"world":"live"`),
		`model: 0: want 1`:       but(`"model":"1"`, `"model":"0"`),
		`gpstorm: results/1: want results/2: an older gpstorm`:               but(`"gpstorm":"results/2"`, `"gpstorm":"results/1"`),
		`gpstorm: results/3: want results/2`:                                 but(`"gpstorm":"results/2"`, `"gpstorm":"results/3"`),
		`line 1: world: none: want a name`:                                   but(`"world":"test"`, `"world":""`),
		`seed: 1: want 2`:                                                    plan(func(p *Plan) { p.Seed = 2 }),
		`variations: 2: want 3`:                                              plan(func(p *Plan) { p.Variations = 3 }),
		`scenarios: heavy: want only calm, repro2`:                           plan(func(p *Plan) { p.Scenarios = p.Scenarios[:2] }),
		`scenarios: heavy: content: cc024dfebce85b38: want 2f91b210c1b47d7a`: plan(func(p *Plan) { p.Scenarios[2].About = "changed" }),
		`fixes: without new: want baseline, good, same, busted, new`: plan(func(p *Plan) {
			p.Fixes = append(p.Fixes, world.Subject{Name: "new"})
		}),
		`fixes: busted: must: "be unsafe": want ""`: plan(func(p *Plan) { p.Fixes[3].Must = "" }),
		`fixes: good: claim: "": want better`:       plan(func(p *Plan) { p.Fixes[1].Claim = "better" }),
		`fixes: baseline, good, same, busted: want good, baseline, same, busted`: plan(func(p *Plan) {
			p.Fixes[0], p.Fixes[1] = p.Fixes[1], p.Fixes[0]
		}),
		`facts: measures: without ipis: want grace_periods, ipis`: but(`"ipis",`, ``),
		`facts: reproducible: false: want true`:                   but(`"reproducible":true`, `"reproducible":false`),
		`shard: none: want 1/2`:                                   plan(func(p *Plan) { p.Shard = &Shard{1, 2} }),
	} {
		file, p := c()
		path := write(t, []byte(file))
		_, err := Run(context.Background(), p, in(synthetic), Options{Out: path, Resume: true})
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if got := string(read(t, path)); got != file {
			t.Errorf("%s: the file that was refused has changed", want)
		}
	}
}

// Anybody may have written a results file: an impossible value is refused with the
// name of its field.
func TestResultsThatCannotBeAreRefusedByField(t *testing.T) {
	t.Parallel()
	whole := string(runToFile(t, testPlan(2), in(synthetic), Options{}))
	for _, c := range []struct{ old, new, want string }{
		{`"symptom":"none"`, `"symptom":"tired"`, "line 2: symptom: tired: want one of none, rcu-stall, hung-task"},
		{`"symptom":"none"`, `"symptom":"hung-task"`, "line 2: symptom: hung-task: want none, the worst of hung_tasks 0 and rcu_stalls 0"},
		{`"overdue":0`, `"overdue":1000`, "line 2: overdue: 1000: want at most "},
		{`"diagnosis":"ok"`, `"diagnosis":"fine"`, "diagnosis: fine: want one of ok, slow, starved, lost-wakeup, deadlock, unsafe"},
		{`"wait_ns":`, `"wait_ns":-`, "line 2: closes[0].wait_ns: -"},
		{`"overdue":0`, `"overdue":-1`, "line 2: overdue: -1: want 0 or more"},
		{`"storm_duty":0`, `"storm_duty":1e9`, "line 2: storm_duty: 1e+09"},
		{`"ipis":`, `"ipis":"many","x":`, "line 2: closes.ipis: a JSON string: want a whole number"},
		{`"symptom":"none"`, `"symptoms":"none"`, "line 2: symptoms: unknown field: want"},
		{`"symptom":"none"`, `"symptom":"none"}{`, "line 2: byte"},
		{`"seed":1`, `"seed":-1`, "line 1: seed: a JSON number -1: want a whole number, 0 or more"},
		{`"variations":2`, `"variations":"two"`, "line 1: variations: a JSON string: want a whole number"},
		{`"fixes":[`, `"fixs":[`, "line 1: fixs: unknown field: want"},
		{`"measures":["`, `"measures":["no`, "line 1: measures: no"},
	} {
		if !strings.Contains(whole, c.old) {
			t.Errorf("no %s in the file", c.old)
			continue
		}
		path := write(t, []byte(strings.Replace(whole, c.old, c.new, 1)))
		_, err := Summarize([]string{path})
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "json:") {
			t.Errorf("%s:\n got %v\nwant %s", c.new, err, c.want)
		}
	}
}

func TestResumeRefusesAnotherBuildOnlyIfBothAreKnown(t *testing.T) {
	t.Parallel()
	p := testPlan(1)
	for _, c := range []struct {
		file, now string
		want      string
	}{
		{"abc", "abc", ""}, {"abc+dirty", "abc+dirty", ""}, {"", "abc", ""}, {"abc", "", ""}, {"", "", ""},
		{"abc", "abc+dirty", `build: abc: want abc+dirty`}, {"abc", "def", `build: abc: want def`},
	} {
		file, now := headOf(p), headOf(p)
		file.Build, now.Build = c.file, c.now
		got := ""
		if err := file.resumable(&now); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("a file of build %q, now %q: %q, want %q", c.file, c.now, got, c.want)
		}
	}
}

func shards(t *testing.T, p *Plan, of int) (paths []string) {
	t.Helper()
	for i := range of {
		part := *p
		part.Shard = &Shard{i + 1, of}
		paths = append(paths, write(t, runToFile(t, &part, in(synthetic), Options{})))
	}
	return paths
}

func TestMergedShardsAreTheUnshardedBytes(t *testing.T) {
	t.Parallel()
	p := testPlan(3)
	want := runToFile(t, p, in(synthetic), Options{})
	for _, of := range []int{1, 2, 4, 11} { // 9 blocks, so two of 11 are empty
		paths := shards(t, p, of)
		slices.Reverse(paths)
		var got bytes.Buffer
		if err := Merge(paths, &got); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("%d shards", of), got.Bytes(), want)
	}
}

func TestMergeNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := testPlan(3)
	paths := shards(t, p, 3)
	other := *p
	other.Seed++
	foreign := shards(t, &other, 3)
	lines := bytes.SplitAfter(read(t, paths[1]), []byte("\n"))
	short, torn, empty := bytes.Join(lines[:12], nil), bytes.Join(lines[:12], nil), lines[0]
	torn = torn[:len(torn)-9]
	long := slices.Concat(read(t, paths[1]), lines[12])
	for name, c := range map[string]struct {
		paths []string
		blame int // which of them
		want  string
	}{
		"one alone":        {paths[:1], 0, "shard: 1/3 alone: want all 3"},
		"one short":        {paths[:2], 0, "shard: 1/3: want 3 files, not 2"},
		"twice one":        {[]string{paths[0], paths[1], paths[1]}, 2, "shard: 2/3: want it once"},
		"foreign":          {[]string{paths[0], paths[1], foreign[2]}, 2, "seed: 2: want 1, as in "},
		"the second cut":   {[]string{paths[0], write(t, short), paths[2]}, 1, "holds 11 trials of 12: want a whole file"},
		"in another order": {[]string{paths[2], paths[0], write(t, short)}, 2, "holds 11 trials of 12: want a whole file"},
		"no trial at all":  {[]string{paths[0], write(t, empty), paths[2]}, 1, "holds 0 trials of 12: want a whole file"},
		"torn":             {[]string{paths[0], write(t, torn), paths[2]}, 1, "line 12: the last line is cut off: want a whole file"},
		"one trial more":   {[]string{paths[0], write(t, long), paths[2]}, 1, "line 14: trial 13: want at most 12"},
		"whole, foreign":   {[]string{paths[0], write(t, runToFile(t, testPlan(7), in(synthetic), Options{}))}, 1, "variations: 7: want "},
		"foreign, whole":   {[]string{write(t, runToFile(t, testPlan(7), in(synthetic), Options{})), paths[0]}, 1, "variations: "},
		"not shards":       {[]string{write(t, runToFile(t, p, in(synthetic), Options{})), paths[0]}, 0, "shard: none: want a shard"},
	} {
		for what, err := range map[string]error{
			"merge":   Merge(c.paths, &bytes.Buffer{}),
			"summary": second(Summarize(c.paths)),
		} {
			if what == "summary" && len(c.paths) == 1 {
				continue // a single shard has a summary
			}
			if want := c.paths[c.blame] + ": " + c.want; err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s of %s: got %v, want %q", what, name, err, want)
			}
		}
	}
}

func second(_ *Summary, err error) error { return err }

// A single shard need not contain the failures of the controls.
func TestTheControlsOfAShardAloneAreNotJudged(t *testing.T) {
	t.Parallel()
	p := testPlan(3)
	paths := shards(t, p, 9) // one block each: most have no trial of the report's storm
	for i, path := range paths {
		sum, err := Summarize([]string{path})
		if err != nil {
			t.Fatal(err)
		}
		if s := sum.Head.Shard; s == nil || *s != (Shard{i + 1, 9}) {
			t.Errorf("shard %v of %s", s, path)
		}
		if sum.Trials != 4 || len(sum.Checks) != 0 || sum.Valid() {
			t.Errorf("shard %d: %d trials, checks %+v", i+1, sum.Trials, sum.Checks)
		}
	}
}

func TestSummaryIsTheSameFromTheRunTheFileAndTheShards(t *testing.T) {
	t.Parallel()
	p := testPlan(6)
	direct, err := Run(context.Background(), p, in(synthetic), Options{})
	if err != nil {
		t.Fatal(err)
	}
	fromFile, err := Summarize([]string{write(t, runToFile(t, p, in(synthetic), Options{}))})
	if err != nil {
		t.Fatal(err)
	}
	fromShards, err := Summarize(shards(t, p, 4))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%+v", *direct)
	for name, sum := range map[string]*Summary{"file": fromFile, "shards": fromShards} {
		for i := range sum.Overall {
			if c := sum.Overall[i].VsBaseline; c != nil && *c != *direct.Overall[i].VsBaseline {
				t.Errorf("%s: %+v, want %+v", name, *c, *direct.Overall[i].VsBaseline)
			}
			sum.Overall[i].VsBaseline = direct.Overall[i].VsBaseline
		}
		for i := range sum.Classes {
			for j := range sum.Classes[i].Rows {
				if c := sum.Classes[i].Rows[j].VsBaseline; c != nil && *c != *direct.Classes[i].Rows[j].VsBaseline {
					t.Errorf("%s: %+v, want %+v", name, *c, *direct.Classes[i].Rows[j].VsBaseline)
				}
				sum.Classes[i].Rows[j].VsBaseline = direct.Classes[i].Rows[j].VsBaseline
			}
		}
		if got := fmt.Sprintf("%+v", *sum); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestParseShard(t *testing.T) {
	t.Parallel()
	if s, err := ParseShard("2/8"); err != nil || s != (Shard{2, 8}) {
		t.Errorf("got %v, %v", s, err)
	}
	for _, bad := range []string{"", "2", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/2/3"} {
		if s, err := ParseShard(bad); err == nil {
			t.Errorf("%q: got %v", bad, s)
		}
	}
}

// Two processes that append to one file would mix their lines.
func TestOnlyOneCampaignAppendsToAFile(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	whole := runToFile(t, p, in(synthetic), Options{})
	path := write(t, whole[:len(whole)/2])
	var inner error
	var once sync.Once
	run := func(at world.Spec) trial.Result {
		once.Do(func() {
			_, inner = Run(context.Background(), p, in(synthetic), Options{Out: path, Resume: true})
		})
		return synthetic(at)
	}
	same(t, "the first", runToFile(t, p, in(run), Options{Out: path, Resume: true}), whole)
	if want := "out: " + path + ": in use: want a file to which no other process appends"; inner == nil || inner.Error() != want {
		t.Errorf("the second: got %v, want %s", inner, want)
	}
}

func TestResumeRefusesADevice(t *testing.T) {
	t.Parallel()
	_, err := Run(context.Background(), testPlan(2), in(synthetic), Options{Out: os.DevNull, Resume: true})
	if want := "out: " + os.DevNull + ": want a regular file to continue"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
