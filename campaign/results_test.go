package campaign

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// A killed process leaves the file cut anywhere: within the head, within a
// line, between lines.
func TestResumeContinuesAFileCutAnywhere(t *testing.T) {
	p := testPlan(2)
	want := runToFile(t, p, Options{})
	for cut := 0; cut <= len(want); cut += len(want)/41 + 1 {
		path := write(t, want[:cut])
		same(t, fmt.Sprintf("cut at %d", cut), runToFile(t, p, Options{Out: path, Resume: true}), want)
	}
}

func TestResumeRunsOnlyWhatIsMissing(t *testing.T) {
	p := testPlan(2)
	lines := bytes.SplitAfter(runToFile(t, p, Options{}), []byte("\n"))
	path := write(t, bytes.Join(lines[:11], nil)) // the head and ten trials
	var done []int
	ran := 0
	run := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		ran++
		return synthetic(sc, fix, seed)
	}
	progress := func(n, _ int) { done = append(done, n) }
	if _, err := Run(context.Background(), p, run, Options{Parallel: 1, Out: path, Resume: true, Progress: progress}); err != nil {
		t.Fatal(err)
	}
	// 24 in all, and the tenth once more to see that the build is the same.
	if ran != 15 || done[0] != 11 || done[len(done)-1] != 24 {
		t.Errorf("ran %d, progress %v", ran, done)
	}
}

func TestResumeRefusesWhatItCannotContinue(t *testing.T) {
	p := testPlan(2)
	whole := runToFile(t, p, Options{})
	lines := bytes.SplitAfter(whole, []byte("\n"))
	other := testPlan(2)
	other.Seed = 2
	for name, c := range map[string]struct {
		file []byte
		plan *Plan
		run  Runner
		want string
	}{
		"another campaign":  {whole, other, synthetic, "holds another campaign"},
		"not results":       {[]byte("hello"), p, synthetic, "not a results file"},
		"a line of rubbish": {slices.Concat(lines[0], []byte("{\n")), p, synthetic, "line 2: not a trial"},
		"a trial left out":  {slices.Concat(lines[0], lines[2]), p, synthetic, "line 2: fix good"},
		"another build": {whole, p, func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
			r := synthetic(sc, fix, seed)
			r.Checksum++
			return r
		}, "comes out differently"},
	} {
		_, err := Run(context.Background(), c.plan, c.run, Options{Out: write(t, c.file), Resume: true})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := Run(context.Background(), p, synthetic, Options{Out: write(t, whole)}); err == nil || !strings.Contains(err.Error(), "--resume continues it") {
		t.Errorf("an existing file without resume: got %v", err)
	}
}

func shards(t *testing.T, p *Plan, of int) (paths []string) {
	t.Helper()
	for i := range of {
		part := *p
		part.Shard = &Shard{i + 1, of}
		paths = append(paths, write(t, runToFile(t, &part, Options{})))
	}
	return paths
}

func TestMergedShardsAreTheUnshardedBytes(t *testing.T) {
	p := testPlan(3)
	want := runToFile(t, p, Options{})
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
	p := testPlan(3)
	paths := shards(t, p, 3)
	other := *p
	other.Seed++
	foreign := shards(t, &other, 3)
	short := read(t, paths[1])
	short = short[:bytes.LastIndexByte(short[:len(short)-1], '\n')+1]
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"one alone":  {paths[:1], "shard 1/3 alone, want all 3"},
		"one short":  {paths[:2], "shard 1/3, but 2 files"},
		"twice one":  {[]string{paths[0], paths[1], paths[1]}, "shard 2/3, and so is"},
		"foreign":    {[]string{paths[0], paths[1], foreign[2]}, "of another campaign"},
		"incomplete": {[]string{paths[0], write(t, short), paths[2]}, "holds 11 trials of 12"},
		"torn":       {[]string{paths[0], write(t, short[:len(short)-9]), paths[2]}, "line 12: the last line is cut off"},
		"not shards": {[]string{write(t, runToFile(t, p, Options{})), paths[0]}, "not a shard"},
	} {
		if err := Merge(c.paths, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestSummaryIsTheSameFromTheRunTheFileAndTheShards(t *testing.T) {
	p := testPlan(6)
	direct, err := Run(context.Background(), p, synthetic, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fromFile, err := Summarize([]string{write(t, runToFile(t, p, Options{}))})
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
	if s, err := ParseShard("2/8"); err != nil || s != (Shard{2, 8}) {
		t.Errorf("got %v, %v", s, err)
	}
	for _, bad := range []string{"", "2", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/2/3"} {
		if s, err := ParseShard(bad); err == nil {
			t.Errorf("%q: got %v", bad, s)
		}
	}
}
