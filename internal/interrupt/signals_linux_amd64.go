package interrupt

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signal is a real-time signal for which a handler of our own takes the place of the
// runtime's, which does nothing that takes time. The runtime gives every thread a stack
// for handlers, and it need not know of them.
const signal = 61

// Flags of rt_sigaction(2), and the code of a queued signal.
const (
	saSiginfo, saRestorer, saOnstack, saRestart = 0x4, 0x04000000, 0x08000000, 0x10000000
	siQueue                                     = -1
)

// Addresses of code.
var onSignalAddress, onReturnAddress uintptr

// spent is what each storm got, at the index that its signals carry. It is no memory that
// the garbage collector may free: a signal may arrive after the end of its storm.
var spent [4096]struct{ interrupts, nanoseconds atomic.Uint64 }

// inUse has the elements of spent of storms that go on.
var inUse = struct {
	sync.Mutex
	next  int
	storm [len(spent)]bool
}{}

// handle installs the handler.
var handle = sync.OnceValue(func() error {
	action := &struct {
		handler, flags, restorer uintptr
		mask                     uint64 // all signals: no handler interrupts another
	}{onSignalAddress, saSiginfo | saRestorer | saOnstack | saRestart, onReturnAddress, ^uint64(0)}
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(action)), 0, 8, 0, 0); errno != 0 {
		return fmt.Errorf("signals: %w: %w", errUnsupported, errno)
	}
	return nil
})

// signaled is a target that gets signals.
type signaled struct {
	pid, tid int
	at       int // in spent
	sent     uint64
	before   uint64 // interrupts and nanoseconds of an earlier storm at this index
	used     uint64
}

func newSignaled(tid int) (*signaled, error) {
	if err := handle(); err != nil {
		return nil, err
	}
	inUse.Lock()
	defer inUse.Unlock()
	for range inUse.storm {
		at := inUse.next
		inUse.next = (at + 1) % len(spent)
		if !inUse.storm[at] {
			inUse.storm[at] = true
			return &signaled{
				pid: unix.Getpid(), tid: tid, at: at,
				before: spent[at].interrupts.Load(), used: spent[at].nanoseconds.Load(),
			}, nil
		}
	}
	return nil, fmt.Errorf("signals: %d storms at once: want fewer", len(spent))
}

func (v *signaled) prepare() error { return nil }

func (v *signaled) now() time.Duration { return cpuTime(v.tid) }

// siginfo is the siginfo_t of a queued signal.
type siginfo struct {
	signo, errno, code, _ int32
	pid, uid              int32
	value                 uint64
	_                     [96]byte
}

// hit sends a signal, unless the handler of the last has not yet ended.
func (v *signaled) hit(weight time.Duration) {
	if got, _ := v.total(); got < v.sent {
		return
	}
	info := &siginfo{signo: signal, code: siQueue, pid: int32(v.pid), uid: int32(unix.Getuid()), value: uint64(v.at)<<32 | uint64(weight)}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(v.pid), uintptr(v.tid), signal, uintptr(unsafe.Pointer(info)), 0, 0)
	if errno == 0 { // otherwise the thread has ended, or too many signals wait
		v.sent++
	}
}

func (v *signaled) total() (uint64, time.Duration) {
	return spent[v.at].interrupts.Load() - v.before, time.Duration(spent[v.at].nanoseconds.Load() - v.used)
}

func (v *signaled) release() {
	inUse.Lock()
	defer inUse.Unlock()
	inUse.storm[v.at] = false
}
