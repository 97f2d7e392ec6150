package fixes

import (
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Override replaces decisions of one world. Each world that supports overrides
// defines its own type, and only that world reads it.
type Override interface {
	// World is the name of the world, for example "kernel".
	World() string
}

// OverrideOf returns a candidate's override of the type of a world.
func OverrideOf[T Override](f *Fix) (override T, ok bool) {
	for _, o := range f.Overrides {
		if override, ok = o.(T); ok {
			return override, true
		}
	}
	return override, false
}

// RunsIn returns an error if a fix changes nothing in a world because it overrides
// only decisions of other worlds. Otherwise a bug planted in one world would look
// like a bug that another world misses.
func (f *Fix) RunsIn(world string) error {
	if len(f.Overrides) == 0 || slices.ContainsFunc(f.Overrides, func(o Override) bool { return o.World() == world }) {
		return nil
	}
	var worlds []string
	for _, o := range f.Overrides {
		worlds = append(worlds, o.World())
	}
	return named.Wrong("fix", f.Name, "one that changes something in the %s world; this one overrides decisions of the %s world only", world, strings.Join(worlds, " and the "))
}

// In wraps a find function: the result finds only fixes that change something in a
// world; see Fix.RunsIn.
func In(world string, find func(name string) (Fix, error)) func(name string) (Fix, error) {
	return func(name string) (Fix, error) {
		f, err := find(name)
		if err == nil {
			err = f.RunsIn(world)
		}
		return f, err
	}
}
