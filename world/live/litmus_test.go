package live

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
)

// The test of a null lasts longer than that of a strategy. With a barrier it finds
// nothing in that time either.
func TestLitmusOfANullFindsNothingWithABarrier(t *testing.T) {
	lasts := 100 * time.Millisecond
	switch {
	case long:
		lasts = litmusNull
	case testing.Short():
		lasts = 10 * time.Millisecond
	}
	for _, f := range slices.Concat(strategies, library) {
		f.Control = fixes.MustBeUnsafe
		t.Run(f.Name, func(t *testing.T) {
			c, err := Config{Fix: f, Seed: 1, Readers: 1}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), lasts)
			defer cancel()
			r := newRun(context.Background(), c)
			defer r.cancel()
			r.arena = sharedArena()
			r.litmus(ctx)
			if n := r.reads[0].Load() + r.reads[1].Load(); n == 0 || r.isUnsafe() {
				t.Errorf("sections by the age of what they met: %v", r.report().Pipe)
			}
		})
	}
}
