package fixes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
)

// everybody returns the names of all candidates.
func everybody() string {
	var names []string
	for _, f := range fixes.All() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func TestCatalogueFindsEveryKind(t *testing.T) {
	t.Parallel()
	c, err := fixes.NewCatalogue(
		fixes.Group{Kind: fixes.Candidate, Fixes: fixes.All()},
		fixes.Group{Kind: fixes.Mutant, Fixes: []fixes.Fix{{Name: "flushed", Teardown: fixes.Serial}}},
		fixes.Group{Kind: fixes.Candidate, Fixes: []fixes.Fix{{Name: "mine", KickKthreads: true}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"callrcu", "flushed", "mine", "callrcu+mine", "flushed+kick", "mine+callrcu+flushed"} {
		if f, err := c.Find(name); err != nil || f.Name != name {
			t.Errorf("%q is %q, %v", name, f.Name, err)
		}
	}
	for name, want := range map[string]string{
		"flushd":       `fix: flushd: want a candidate or mutant; did you mean flushed?`,
		"callrcu+mien": `fix: mien: want a candidate or mutant; did you mean mine?`,
		"zzz":          `fix: zzz: want a candidate or mutant: ` + everybody() + `, mine`,
	} {
		if _, err := c.Find(name); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", name, err, want)
		}
	}
	if got := c.Names(fixes.Mutant); !slices.Equal(got, []string{"flushed"}) {
		t.Errorf("mutants %v", got)
	}
	if got, want := c.Names(), len(fixes.All())+2; len(got) != want {
		t.Errorf("%d names, want %d", len(got), want)
	}
}

func TestCatalogueRefusesAmbiguousNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mine fixes.Fix
		want string
	}{
		{fixes.Fix{Name: "poll"}, `mutant: poll: want a name that is not taken`},
		{fixes.Fix{Name: "a+b"}, `mutant: a+b: want a name of 1 to 40 bytes without space, comma and "+"`},
		{fixes.Fix{Name: "a b"}, `mutant: "a b": want a name of 1 to 40 bytes without space, comma and "+"`},
		{fixes.Fix{Name: strings.Repeat("n", 41)}, `mutant: ` + strings.Repeat("n", 41) + `: want a name of 1 to 40 bytes without space, comma and "+"`},
		{fixes.Fix{Name: "a\x1b[31m"}, `mutant: "a\x1b[31m": want a name of 1 to 40 bytes without space, comma and "+"`},
		{fixes.Fix{}, `mutant: "": want a name of 1 to 40 bytes without space, comma and "+"`},
	} {
		_, err := fixes.NewCatalogue(fixes.Group{Kind: fixes.Candidate, Fixes: fixes.All()}, fixes.Group{Kind: fixes.Mutant, Fixes: []fixes.Fix{c.mine}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: error %v, want %s", c.mine.Name, err, c.want)
		}
	}
}
