package live

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTimesOfCPUsAreThoseThatTheProcessMayUse(t *testing.T) {
	t.Parallel()
	const stat = `cpu  370 10 40 5000 20 0 30 50 7 0
cpu0 100 1 2 1000 5 3 4 20 7 0
cpu1 200 4 8 2000 5 6 16 10 0 0
cpu10 70 5 30 2000 10 0 0 20 0 0
intr 12345 1
`
	var set unix.CPUSet
	set.Set(0)
	set.Set(10)
	busy, idle, stolen := cpuTimes([]byte(stat), set)
	if busy != 2550*time.Millisecond || idle != 30150*time.Millisecond || stolen != 400*time.Millisecond {
		t.Errorf("busy %v, idle %v, stolen %v", busy, idle, stolen)
	}
}
