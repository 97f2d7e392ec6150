package guest

import (
	"fmt"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// burn is a BPF program that takes a chosen time per run: the weight of a storm's
// handler.
type burn struct {
	program *ebpf.Program
	control *ebpf.Map
}

// control is the value that the program reads on each run: the number of rounds of
// its loop, the time at which it stops (CLOCK_MONOTONIC; 0: never), and the number of
// its runs.
type control struct {
	Rounds uint64
	Until  uint64
	Ran    uint64
}

// unrolled is the number of instructions in one round of the loop, beside the loop's
// own: enough to make the loop's own negligible, few enough to make a round a fine
// unit.
const unrolled = 56

// newBurn loads the program as one of this type. The loop is a call of bpf_loop(),
// which the verifier checks only once. So a heavier handler does not take longer to
// load, and a new weight needs no new program.
func newBurn(typ ebpf.ProgramType) (b *burn, err error) {
	b = &burn{}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	b.control, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 24, MaxEntries: 1})
	if err != nil {
		return nil, fmt.Errorf("bpf map: %w", err)
	}
	b.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: typ, License: "GPL", Instructions: burnInstructions(b.control.FD())})
	if err != nil {
		return nil, fmt.Errorf("bpf program: %w", err)
	}
	return b, nil
}

func burnInstructions(control int) asm.Instructions {
	u64 := &btf.Int{Name: "u64", Size: 8}
	number := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	entry := &btf.Func{
		Name: "storm", Linkage: btf.GlobalFunc,
		Type: &btf.FuncProto{Return: number, Params: []btf.FuncParam{{Name: "ctx", Type: &btf.Pointer{Target: &btf.Void{}}}}},
	}
	round := &btf.Func{
		Name: "round", Linkage: btf.StaticFunc,
		Type: &btf.FuncProto{Return: number, Params: []btf.FuncParam{{Name: "i", Type: u64}, {Name: "ctx", Type: &btf.Pointer{Target: &btf.Void{}}}}},
	}
	counted := asm.StoreXAdd(asm.R6, asm.R1, asm.DWord)
	counted.Offset = 16
	ins := asm.Instructions{
		btf.WithFuncMetadata(asm.StoreImm(asm.R10, -4, 0, asm.Word), entry).WithSymbol("storm"),
		asm.Mov.Reg(asm.R2, asm.R10),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, control),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Reg(asm.R6, asm.R0),
		asm.Mov.Imm(asm.R1, 1),
		counted,
		asm.LoadMem(asm.R7, asm.R6, 8, asm.DWord),
		asm.JEq.Imm(asm.R7, 0, "burn"),
		asm.FnKtimeGetNs.Call(),
		asm.JGT.Reg(asm.R0, asm.R7, "out"),
		asm.LoadMem(asm.R1, asm.R6, 0, asm.DWord).WithSymbol("burn"),
		asm.Instruction{OpCode: asm.LoadImmOp(asm.DWord), Dst: asm.R2, Src: asm.PseudoFunc, Constant: -1}.WithReference("round"),
		asm.Mov.Imm(asm.R3, 0),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnLoop.Call(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return(),
		btf.WithFuncMetadata(asm.Mov.Imm(asm.R2, 0), round).WithSymbol("round"),
	}
	for range unrolled {
		ins = append(ins, asm.Mov.Reg(asm.R3, asm.R2))
	}
	return append(ins, asm.Mov.Imm(asm.R0, 0), asm.Return())
}

// maxRounds is the maximum number of rounds of bpf_loop() (BPF_MAX_LOOPS).
const maxRounds = 1 << 23

// set sets the handler's weight and the time at which it stops burning.
func (b *burn) set(rounds uint64, until time.Duration) error {
	if rounds > maxRounds {
		return fmt.Errorf("bpf program: %d rounds, want at most %d", rounds, maxRounds)
	}
	if err := b.control.Put(uint32(0), control{Rounds: rounds, Until: uint64(until)}); err != nil {
		return fmt.Errorf("bpf map: %w", err)
	}
	return nil
}

// ran is the number of runs of the handler since set.
func (b *burn) ran() (uint64, error) {
	var c control
	if err := b.control.Lookup(uint32(0), &c); err != nil {
		return 0, fmt.Errorf("bpf map: %w", err)
	}
	return c.Ran, nil
}

func (b *burn) close() {
	if b.program != nil {
		_ = b.program.Close()
	}
	if b.control != nil {
		_ = b.control.Close()
	}
}
