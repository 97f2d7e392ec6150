package module

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSourceHasTheCandidatesOfTheTable(t *testing.T) {
	t.Parallel()
	b, err := fs.ReadFile(Files(), "gpstorm.c")
	if err != nil {
		t.Fatal(err)
	}
	var inSource, inTable []string
	for _, m := range regexp.MustCompile(`\.name = "([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
		inSource = append(inSource, m[1])
	}
	for _, c := range Candidates {
		inTable = append(inTable, c.Name)
		if c.Broken != strings.HasPrefix(c.Name, "broken-") {
			t.Errorf("%s: broken is %t", c.Name, c.Broken)
		}
	}
	if diff := cmp.Diff(inTable, inSource); diff != "" {
		t.Error(diff)
	}
}

// Source that runs in a kernel names its licence in the first line, and the text of
// the licence is beside it.
func TestTheSourceHasItsLicence(t *testing.T) {
	t.Parallel()
	err := fs.WalkDir(Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(Files(), path)
		first, _, _ := strings.Cut(string(b), "\n")
		switch {
		case path == "LICENSE" && !strings.Contains(string(b), "GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991"):
			t.Errorf("%s is not GPL-2.0", path)
		case path != "LICENSE" && path != "README" && !strings.Contains(first, "SPDX-License-Identifier: GPL-2.0"):
			t.Errorf("%s: first line %q", path, first)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
