package order_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/order"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fenceOnly returns a candidate with SRCU-fast readers whose scan has only a fence.
func fenceOnly() fixes.Fix { return fixes.Fix{Name: "fenced", Barrier: fixes.Fenced} }

func lookup(name string) (fixes.Fix, error) {
	if name == "fenced" {
		return fenceOnly(), nil
	}
	return fixes.Find(name)
}

func find(t *testing.T, c order.Case) *order.Finding {
	t.Helper()
	f, _, err := order.Explore(t.Context(), c, order.Options{Cores: 1})
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		t.Fatal("no violation found")
	}
	return f
}

func TestCounterexampleIsMinimal(t *testing.T) {
	t.Parallel()
	for _, m := range []order.Mode{order.TSO, order.Weak} {
		f := order.Minimise(t.Context(), find(t, order.For(fenceOnly(), 2, 2, m)))
		if len(f.Case.Readers) != 1 || f.Case.Sections != 1 {
			t.Errorf("%s: %d readers, %d sections: want 1 and 1", m, len(f.Case.Readers), f.Case.Sections)
		}
		lines, err := f.Trace()
		if err != nil {
			t.Fatal(err)
		}
		marks := 0
		for _, l := range lines {
			if l.Mark != "" {
				marks++
			}
		}
		if marks != 1 {
			t.Errorf("%s: %d reorderings: one is enough", m, marks)
		}
		var b strings.Builder
		if err := f.WriteTable(&b, 0); err != nil {
			t.Fatal(err)
		}
		golden(t, "fenced-"+m.String()+".txt", b.String())
	}
}

// A schedule of several readers fits the screen, and wrapping loses no word of it.
func TestScheduleFitsTheScreen(t *testing.T) {
	t.Parallel()
	for _, readers := range []int{1, 2, 3} {
		f := find(t, order.For(fenceOnly(), readers, 1, order.Weak))
		written := func(width int) string {
			var b strings.Builder
			if err := f.WriteTable(&b, width); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		whole := written(0)
		for _, width := range []int{60, 80, 120, 1000} {
			narrow := written(width)
			for line := range strings.Lines(narrow) {
				if n := len(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%d readers: %d columns of %d: %s", readers, n, width, line)
				}
			}
			if got, want := columnTexts(narrow), columnTexts(whole); !slices.Equal(got, want) {
				t.Errorf("%d readers, %d columns: the columns hold %q, want %q", readers, width, got, want)
			}
		}
	}
}

// columnTexts returns the words of each column of a schedule.
func columnTexts(schedule string) []string {
	var texts []string
	for line := range strings.Lines(schedule) {
		for c, cell := range strings.Split(line, "|") {
			if c == len(texts) {
				texts = append(texts, "")
			}
			texts[c] += " " + strings.Join(strings.Fields(cell), " ")
		}
	}
	for c := range texts {
		texts[c] = strings.Join(strings.Fields(texts[c]), " ")
	}
	return texts
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

func TestReplayFindsTheSame(t *testing.T) {
	t.Parallel()
	f := find(t, order.For(fenceOnly(), 2, 1, order.TSO))
	tok, err := trial.ParseToken(f.Token().String())
	if err != nil {
		t.Fatal(err)
	}
	g, err := order.Replay(tok, lookup)
	if err != nil {
		t.Fatal(err)
	}
	if g.Violation != f.Violation || g.Checksum() != f.Checksum() {
		t.Errorf("replayed %s %s, want %s %s", g.Violation, g.Checksum(), f.Violation, f.Checksum())
	}
}

func TestReplayRejects(t *testing.T) {
	t.Parallel()
	good := find(t, order.For(fenceOnly(), 1, 1, order.TSO)).Token()
	tests := []struct {
		name, want string
		break_     func(*trial.Token)
	}{
		{"another world", `world "kernel"`, func(k *trial.Token) { k.World = "kernel" }},
		{"unknown candidate", `fix: x: want a candidate`, func(k *trial.Token) { k.Subject = "x" }},
		{"no body", "body:", func(k *trial.Token) { k.Body = nil }},
		{"unknown reader", `reader: slow`, func(k *trial.Token) {
			k.Body = []byte(strings.Replace(string(k.Body), `"fast"`, `"slow"`, 1))
		}},
		{"wrong checksum", "checksum", func(k *trial.Token) { k.Checksum++ }},
		{"a candidate that is right", "not possible", func(k *trial.Token) { k.Subject = "baseline" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := good
			tt.break_(&k)
			_, err := order.Replay(k, lookup)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
