package fixes

import (
	"slices"
	"strings"
	"unicode"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Separator joins the names of combined candidates.
const Separator = "+"

// Kind is the kind of the fixes in a group, as a noun.
type Kind string

// The kinds.
const (
	Candidate Kind = "candidate"
	Mutant    Kind = "mutant" // a planted bug, see package mutant
)

// Group contains the fixes of one kind, in display order.
type Group struct {
	Kind  Kind
	Fixes []Fix
}

// Catalogue finds fixes by name. Names are unique.
type Catalogue struct {
	groups []Group
	fixes  named.List[Fix]
}

// NewCatalogue makes a catalogue of groups, in display order. Several groups may be
// of one kind, such as gpstorm's candidates and those of a program. Names that are
// empty or too long, contain a separator or a space, or occur twice are errors.
func NewCatalogue(groups ...Group) (*Catalogue, error) {
	c := &Catalogue{groups: slices.Clone(groups)}
	for _, g := range groups {
		c.fixes.Grow(len(g.Fixes))
		for _, f := range g.Fixes {
			if f.Name == "" || len(f.Name) > named.MostInName || strings.ContainsFunc(f.Name, notInName) {
				return nil, named.Wrong(string(g.Kind), f.Name, "a name of 1 to %d bytes without space, comma and %q", named.MostInName, Separator)
			}
			if !c.fixes.Add(f.Name, f) {
				return nil, named.Wrong(string(g.Kind), f.Name, "a name that is not taken")
			}
		}
	}
	return c, nil
}

// notInName reports whether no name may contain a character.
func notInName(r rune) bool {
	return strings.ContainsRune(Separator+" ,", r) || r == unicode.ReplacementChar || !unicode.IsPrint(r)
}

// Find returns the named fix, or the combination of several joined by "+". The
// error is one line that suggests the nearest name.
func (c *Catalogue) Find(name string) (Fix, error) {
	parts := strings.Split(name, Separator)
	fix, err := c.find(parts[0])
	for _, part := range parts[1:] {
		if err != nil {
			break
		}
		var next Fix
		if next, err = c.find(part); err == nil {
			fix, err = combine(fix, next)
		}
	}
	if err != nil {
		return Fix{}, err
	}
	return fix, nil
}

func (c *Catalogue) find(name string) (Fix, error) {
	if f, ok := c.fixes.Find(name); ok {
		return f, nil
	}
	names := c.Names()
	if _, near := named.Nearest(name, names); !near && len(c.groups) > 0 {
		names = c.Names(c.groups[0].Kind) // all kinds would be too many names
	}
	return Fix{}, named.Unknown("fix", name, c.want(), names)
}

// want describes the kinds of fixes, for example "a candidate or mutant". Kinds that the
// last word names alike, such as further candidates, are one.
func (c *Catalogue) want() string {
	var kinds []string
	for _, g := range c.groups {
		kind := string(g.Kind)
		kind = kind[strings.LastIndexByte(kind, ' ')+1:]
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) < 2 {
		return "a " + strings.Join(kinds, "")
	}
	last := len(kinds) - 1
	return "a " + strings.Join(kinds[:last], ", ") + " or " + kinds[last]
}

// All returns the fixes of the given kinds, or of all kinds if none is given, in
// display order.
func (c *Catalogue) All(kinds ...Kind) []Fix {
	var all []Fix
	for _, g := range c.groups {
		if len(kinds) == 0 || slices.Contains(kinds, g.Kind) {
			all = append(all, g.Fixes...)
		}
	}
	return all
}

// Names returns the names of the fixes that All returns.
func (c *Catalogue) Names(kinds ...Kind) []string {
	all := c.All(kinds...)
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return names
}
