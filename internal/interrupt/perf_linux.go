package interrupt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

type perf struct{}

func (perf) Name() string { return "perf" }

// Aim subtracts the cost of entering and leaving an interrupt from the handler's burn
// time, and adds it to the achieved time of the interrupts.
func (p perf) Aim(tid int, s Storm) (func() Achieved, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	around := overhead()
	// An interrupt that lasts beyond the next period takes the place of that one. The time
	// around the handler varies, so the handler leaves some room.
	s.Weight = max(min(s.Weight, s.Period-s.Period/room)-around, 0)
	stop, err := p.aim(tid, s)
	if err != nil {
		return nil, err
	}
	return func() Achieved {
		a := stop()
		a.Took = min(a.Took+time.Duration(a.Interrupts)*around, a.CPU)
		return a
	}, nil
}

// room is the part of a period that handlers of high shares leave free.
const room = 25

// overhead is the CPU time of one interrupt without its handler: the time that a loop
// of known length loses to interrupts that do nothing. It is measured once, as the
// median of pairs in which the loop runs with interrupts soon after it ran without
// them, because a virtual machine's CPU changes its speed. It is 0 if it cannot be
// measured.
var overhead = sync.OnceValue(func() time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const (
		pairs  = 31
		period = 100 * time.Microsecond
		loops  = 1_000_000
	)
	tid := Thread()
	timed := func() time.Duration {
		from := cpuTime(tid)
		Spin(loops)
		return cpuTime(tid) - from
	}
	var costs []time.Duration
	for range pairs {
		calm := timed()
		stop, err := perf{}.aim(tid, Storm{Period: period})
		if err != nil {
			return 0
		}
		taken := timed()
		if a := stop(); a.Interrupts > 0 {
			costs = append(costs, (taken-calm-a.Took)/time.Duration(a.Interrupts))
		}
	}
	if len(costs) == 0 {
		return 0
	}
	slices.Sort(costs)
	return max(costs[len(costs)/2], 0)
})

// aim interrupts the thread. The weight is that of the handler alone.
func (perf) aim(tid int, s Storm) (func() Achieved, error) {
	refused := func(what string, err error) error {
		if errno := unix.Errno(0); errors.As(err, &errno) {
			err = errno // without the advice of the library, which is about old kernels
		}
		return fmt.Errorf("perf: %w: %s: %w: want root, or CAP_BPF and CAP_PERFMON", errUnsupported, what, err)
	}
	counts, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1})
	if err != nil {
		return nil, refused("map", err)
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.PerfEvent, License: "GPL", Instructions: burn(counts.FD(), s.Weight),
	})
	if err != nil {
		_ = counts.Close()
		return nil, refused("program", err)
	}
	release := func() { _ = program.Close(); _ = counts.Close() }
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK,
		Sample: uint64(s.Period), Size: unix.PERF_ATTR_SIZE_VER5, Bits: unix.PerfBitDisabled,
	}
	event, err := unix.PerfEventOpen(&attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		release()
		return nil, refused("event", err)
	}
	from := cpuTime(tid)
	for _, step := range []struct {
		request uint
		arg     int
	}{{unix.PERF_EVENT_IOC_SET_BPF, program.FD()}, {unix.PERF_EVENT_IOC_ENABLE, 0}} {
		if err := unix.IoctlSetInt(event, step.request, step.arg); err != nil {
			_ = unix.Close(event)
			release()
			return nil, refused("event", err)
		}
	}
	return func() Achieved {
		_ = unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_DISABLE, 0)
		// The event counts the time on a CPU while it is enabled. This thread may be kept
		// from running just after it has enabled the event or disabled it, so its own
		// readings of the target's CPU time would be of another while.
		a := Achieved{From: from}
		var count [8]byte
		if n, err := unix.Read(event, count[:]); err == nil && n == len(count) {
			a.CPU = time.Duration(binary.NativeEndian.Uint64(count[:]))
		}
		var v [2]uint64
		if err := counts.Lookup(uint32(0), &v); err == nil {
			a.Interrupts, a.Took = v[0], time.Duration(v[1])
		}
		_ = unix.Close(event)
		release()
		return a
	}, nil
}

// burn is a program that reads the clock until the weight has passed, and then counts
// itself and its time. Its loop is a call of bpf_loop(), which the verifier checks
// only once, whatever the weight.
func burn(counts int, weight time.Duration) asm.Instructions {
	const turns = int32(MaxWeight / (10 * time.Nanosecond)) // a turn takes longer than this
	u64 := &btf.Int{Name: "u64", Size: 8}
	number := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	context := btf.FuncParam{Name: "ctx", Type: &btf.Pointer{Target: &btf.Void{}}}
	entry := &btf.Func{
		Name: "storm", Linkage: btf.GlobalFunc,
		Type: &btf.FuncProto{Return: number, Params: []btf.FuncParam{context}},
	}
	turn := &btf.Func{
		Name: "turn", Linkage: btf.StaticFunc,
		Type: &btf.FuncProto{Return: number, Params: []btf.FuncParam{{Name: "i", Type: u64}, context}},
	}
	program := asm.Instructions{
		btf.WithFuncMetadata(asm.FnKtimeGetNs.Call(), entry).WithSymbol("storm"),
		asm.Mov.Reg(asm.R6, asm.R0), // the start
		asm.StoreMem(asm.RFP, -16, asm.R6, asm.DWord),
	}
	if weight > 0 {
		program = append(program,
			asm.Mov.Imm(asm.R1, turns),
			asm.Instruction{OpCode: asm.LoadImmOp(asm.DWord), Dst: asm.R2, Src: asm.PseudoFunc, Constant: -1}.WithReference("turn"),
			asm.Mov.Reg(asm.R3, asm.RFP),
			asm.Add.Imm(asm.R3, -16),
			asm.Mov.Imm(asm.R4, 0),
			asm.FnLoop.Call(),
		)
	}
	program = append(program,
		asm.FnKtimeGetNs.Call(),
		asm.Mov.Reg(asm.R8, asm.R0),
		asm.Sub.Reg(asm.R8, asm.R6), // the time since then
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, counts),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Add.Imm(asm.R0, 8),
		asm.StoreXAdd(asm.R0, asm.R8, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return(),
	)
	if weight == 0 {
		return program
	}
	return append(program,
		btf.WithFuncMetadata(asm.LoadMem(asm.R6, asm.R2, 0, asm.DWord), turn).WithSymbol("turn"),
		asm.FnKtimeGetNs.Call(),
		asm.Sub.Reg(asm.R0, asm.R6),
		asm.JGE.Imm(asm.R0, int32(weight), "over"),
		asm.Mov.Imm(asm.R0, 0), // continue
		asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("over"),
		asm.Return(),
	)
}
