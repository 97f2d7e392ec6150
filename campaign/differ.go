package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/world"
)

// differs names the first field in which two heads differ, and both values; it
// returns nil if there is none. It does not compare shards.
func (h *Head) differs(want *Head) error {
	for _, f := range [][3]string{
		{"world", named.Show(h.World), named.Show(want.World)},
		{"model", named.Show(h.Model), named.Show(want.Model)},
		{"build", named.Show(h.Build), named.Show(want.Build)},
		{"seed", fmt.Sprint(h.Seed), fmt.Sprint(want.Seed)},
		{"variations", fmt.Sprint(h.Variations), fmt.Sprint(want.Variations)},
		{"until_decided", fmt.Sprint(h.UntilDecided), fmt.Sprint(want.UntilDecided)},
	} {
		if err := different(f); err != nil {
			return err
		}
	}
	var have, wanted []string
	for _, c := range h.Scenarios {
		have = append(have, c.Name)
	}
	for _, c := range want.Scenarios {
		wanted = append(wanted, c.Name)
	}
	if err := differentNames("scenarios", have, wanted); err != nil {
		return err
	}
	for i, c := range h.Scenarios {
		if err := different([3]string{"scenarios: " + c.Name + ": content", c.Content, want.Scenarios[i].Content}); err != nil {
			return err
		}
	}
	if err := differentNames("fixes", names(h.Fixes), names(want.Fixes)); err != nil {
		return err
	}
	for i, f := range h.Fixes {
		w := want.Fixes[i]
		for _, t := range [][3]string{
			{"must", named.Show(string(f.Must)), named.Show(string(w.Must))},
			{"claim", named.Show(f.Claim), named.Show(w.Claim)},
			{"loses", named.Show(f.Loses), named.Show(w.Loses)},
			{"breaks", named.Show(f.Breaks), named.Show(w.Breaks)},
			{"unavailable", named.Show(f.Unavailable), named.Show(w.Unavailable)},
		} {
			t[0] = "fixes: " + f.Name + ": " + t[0]
			if err := different(t); err != nil {
				return err
			}
		}
	}
	for _, f := range [][3]string{
		{"facts: reproducible", fmt.Sprint(h.Facts.Reproducible), fmt.Sprint(want.Facts.Reproducible)},
		{"facts: virtual", fmt.Sprint(h.Facts.Virtual), fmt.Sprint(want.Facts.Virtual)},
		{"facts: trial", named.Show(h.Facts.Trial), named.Show(want.Facts.Trial)},
	} {
		if err := different(f); err != nil {
			return err
		}
	}
	return differentNames("facts: measures", h.Facts.Measures.Names(), want.Facts.Measures.Names())
}

// different returns an error if the two values of a field differ.
func different(f [3]string) error {
	if f[1] == f[2] {
		return nil
	}
	return fmt.Errorf("%s: %s: want %s", f[0], f[1], f[2])
}

// differentNames returns an error with the names that are in only one list.
func differentNames(field string, have, want []string) error {
	without := func(a, b []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(a), func(n string) bool { return slices.Contains(b, n) }), ", ")
	}
	all := strings.Join(want, ", ")
	if more := without(have, want); more != "" {
		return fmt.Errorf("%s: %s: want only %s", field, more, all)
	}
	if less := without(want, have); less != "" {
		return fmt.Errorf("%s: without %s: want %s", field, less, all)
	}
	return different([3]string{field, strings.Join(have, ", "), all})
}

func names(subjects []world.Subject) (all []string) {
	for _, s := range subjects {
		all = append(all, s.Name)
	}
	return all
}
