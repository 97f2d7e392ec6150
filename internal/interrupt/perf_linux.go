package interrupt

import (
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

type perf struct{}

func (perf) Name() string { return "perf" }

func (perf) Aim(tid int, s Storm) (func() Achieved, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	refused := func(what string, err error) error { return fmt.Errorf("perf: %w: %s: %w", errUnsupported, what, err) }
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
	from := cpuTime(tid)
	return func() Achieved {
		_ = unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_DISABLE, 0)
		a := Achieved{CPU: max(cpuTime(tid)-from, 0)}
		var v [2]uint64
		if err := counts.Lookup(uint32(0), &v); err == nil {
			a.Interrupts, a.Took = v[0], time.Duration(v[1])
		}
		_ = unix.Close(event)
		release()
		return a
	}, nil
}

// burn is a program that reads the clock until the weight has passed, then counts
// itself and the time it took. It reads the clock several times a turn, so that
// the verifier, which follows every turn, is done within milliseconds.
func burn(counts int, weight time.Duration) asm.Instructions {
	const (
		readings = 8
		turns    = 1000 // of some 150 ns, so more than MaxWeight
	)
	program := asm.Instructions{
		asm.FnKtimeGetNs.Call(),
		asm.Mov.Reg(asm.R6, asm.R0), // the start
		asm.Mov.Imm(asm.R7, turns),
		asm.FnKtimeGetNs.Call().WithSymbol("turn"),
	}
	for range readings - 1 {
		program = append(program, asm.FnKtimeGetNs.Call())
	}
	return append(program,
		asm.Mov.Reg(asm.R8, asm.R0),
		asm.Sub.Reg(asm.R8, asm.R6), // the time since
		asm.JGE.Imm(asm.R8, int32(weight), "count"),
		asm.Sub.Imm(asm.R7, 1),
		asm.JSGT.Imm(asm.R7, 0, "turn"),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word).WithSymbol("count"),
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
}
