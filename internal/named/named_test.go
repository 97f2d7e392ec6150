package named

import (
	"slices"
	"strings"
	"testing"
)

func TestUnknownSuggestsOrLists(t *testing.T) {
	t.Parallel()
	candidates := []string{"baseline", "callrcu", "poll", "fullbarrier", "kick"}
	for _, c := range []struct {
		name  string
		names []string
		want  string
	}{
		{"calrcu", candidates, `fix: calrcu: want a candidate; did you mean callrcu?`},
		{"callrcu ", candidates, `fix: "callrcu ": want a candidate; did you mean callrcu?`},
		{"Poll", candidates, `fix: Poll: want a candidate; did you mean poll?`},
		{"pool", candidates, `fix: pool: want a candidate; did you mean poll?`},
		{"plol", candidates, `fix: plol: want a candidate; did you mean poll?`},
		{"kcik", candidates, `fix: kcik: want a candidate; did you mean kick?`},
		{"full", candidates, `fix: full: want a candidate; did you mean fullbarrier?`},
		{"nosuch", candidates, `fix: nosuch: want a candidate: baseline, callrcu, poll, fullbarrier, kick`},
		{"", candidates, `fix: "": want a candidate: baseline, callrcu, poll, fullbarrier, kick`},
		{"x", slices.Repeat([]string{"name"}, few+1), `fix: x: want a candidate`},
		{"x", nil, `fix: x: want a candidate`},
		{strings.Repeat("é", 299), nil, `fix: ` + strings.Repeat("é", 200) + `...: want a candidate`},
		{"a\nb", nil, `fix: "a\nb": want a candidate`},
	} {
		if got := Unknown("fix", c.name, "a candidate", c.names).Error(); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestDistanceCountsTypingErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "abd", 1}, {"abc", "ab", 1}, {"ab", "abc", 1}, {"abcd", "acbd", 1},
		{"ca", "abc", 3}, // restricted: no edit within an exchange
		{"kitten", "sitting", 3}, {"größe", "grosse", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestListKeepsItsOrderAndRefusesTakenNames(t *testing.T) {
	t.Parallel()
	var l List[int]
	for i, name := range []string{"b", "a"} {
		if !l.Add(name, i) {
			t.Fatalf("%s is taken", name)
		}
	}
	if l.Add("b", 7) {
		t.Error("b was added twice")
	}
	if !slices.Equal(l.Names(), []string{"b", "a"}) || !slices.Equal(l.Values(), []int{0, 1}) {
		t.Errorf("%v, %v", l.Names(), l.Values())
	}
	if v, ok := l.Find("a"); v != 1 || !ok {
		t.Errorf("a is %d, %v", v, ok)
	}
	if _, ok := l.Find("c"); ok {
		t.Error("c was found")
	}
}
