package command

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnInterruptEndsWorkThatDoesNotStop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		ends  time.Duration // after the interrupt; 0 is never
		want  int
		after time.Duration
	}{
		{"in order", time.Second, exitUndecided, time.Second},
		{"late", 0, exitFailure, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				code := make(chan int, 1)
				interrupt()
				if c.ends > 0 {
					time.AfterFunc(c.ends, func() { code <- exitUndecided })
				}
				released, late := false, false
				began := time.Now()
				got := await(ctx, func() { released = true }, code, endTimeout, func() { late = true })
				if got != c.want || time.Since(began) != c.after || !released || late != (c.ends == 0) {
					t.Errorf("exit %d after %v, released %v, late %v", got, time.Since(began), released, late)
				}
			})
		})
	}
}
