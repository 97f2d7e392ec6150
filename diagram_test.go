package gpstorm_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	room  = regexp.MustCompile(`(?m)^  (\w+)\["([^"]+)"\]$`)
	arrow = regexp.MustCompile(`(?m)^  (\w+) --> (\w+)$`)
)

// The diagram of the house has every package in a room, and exactly the arrows between
// rooms that no other arrows imply.
func TestTheDiagramOfTheHouseIsItsImports(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]string{} // by package
	for _, m := range room.FindAllStringSubmatch(string(text), -1) {
		for pkg := range strings.SplitSeq(m[2], ", ") {
			if pkg == "gpstorm" {
				pkg = "."
			}
			rooms[pkg] = m[1]
		}
	}
	roomOf := func(pkg string) string {
		for at := pkg; at != "." || pkg == "."; at = filepath.ToSlash(filepath.Dir(at)) {
			if r := rooms[at]; r != "" {
				return r
			}
			if at == "." {
				break
			}
		}
		t.Fatalf("package %s is in no room of the diagram", pkg)
		return ""
	}
	uses := map[string]map[string]bool{} // what a room imports from
	for _, path := range sources(t) {
		from := roomOf(filepath.ToSlash(filepath.Dir(path)))
		for _, pkg := range importsOf(t, path) {
			if to := roomOf(pkg); to != from {
				if uses[from] == nil {
					uses[from] = map[string]bool{}
				}
				uses[from][to] = true
			}
		}
	}
	var want []string
	for from, direct := range uses {
		for to := range direct {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(direct)), func(over string) bool { return over != to && reaches(uses, over, to) }) {
				want = append(want, from+" --> "+to)
			}
		}
	}
	var got []string
	for _, m := range arrow.FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1]+" --> "+m[2])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the arrows of docs/architecture.md (-imports +diagram):\n%s", diff)
	}
}

// reaches reports whether a room uses another one, directly or through others. Rooms
// import in no circle.
func reaches(uses map[string]map[string]bool, from, to string) bool {
	if uses[from][to] {
		return true
	}
	for over := range uses[from] {
		if reaches(uses, over, to) {
			return true
		}
	}
	return false
}
