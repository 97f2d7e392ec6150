package srcu

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/internal/sched"
	"github.com/gpstorm/gpstorm/rcu"
)

// An unregistered process is refused with EPERM.
func privateExpedited() unix.Errno {
	const membarrierCmdPrivateExpedited = 1 << 3
	_, _, errno := unix.RawSyscall(unix.SYS_MEMBARRIER, membarrierCmdPrivateExpedited, 0, 0)
	return errno
}

// atStart is the result of membarrier(2) before any test ran, after the
// initialisation of all packages below this one.
var atStart unix.Errno

func TestMain(m *testing.M) {
	atStart = privateExpedited()
	os.Exit(m.Run())
}

func TestProcessIsRegisteredWhenTheFirstDomainIsMade(t *testing.T) {
	t.Parallel()
	if atStart != unix.EPERM && atStart != unix.ENOSYS {
		t.Errorf("before the first domain membarrier(2) answers %v: the process has been registered by an import", atStart)
	}
	NewDomain(Config{})
	_, has := sched.SystemHeavy()
	want := map[bool]string{true: "membarrier", false: "stop-the-world"}[has]
	if errno := privateExpedited(); (errno == 0) != has || rcu.HeavyBarrierName() != want {
		t.Errorf("after it membarrier(2) answers %v, and the heavy barrier is %s", errno, rcu.HeavyBarrierName())
	}
}
