package fuzz

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

var smallBounds = litmus.Bounds{Values: 16, Traces: 500, Combos: 5000, Candidates: 500, Steps: 20_000}

// FuzzLitmus reads any bytes as a litmus test, which must be judged or refused
// in one line, and makes a test of them on which the explorer's memory must not
// be weaker than the Linux-kernel memory model.
func FuzzLitmus(f *testing.F) {
	f.Add([]byte("C mp\n{}\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nexists (x=1)\n"))
	f.Add([]byte{1, 2, 0, 0, 1, 8, 2, 1, 0, 2, 1, 9, 3, 0, 1, 0, 0})
	f.Fuzz(func(tt *testing.T, data []byte) {
		t := &witness{T: tt, target: "FuzzLitmus"}
		defer t.keep(data)
		x, err := litmus.Parse(string(data))
		if err == nil {
			x.Judge(t.Context(), smallBounds)
		} else if msg := err.Error(); strings.ContainsAny(msg, "\n\r") || !strings.HasPrefix(msg, "line ") {
			t.Fatalf("not one clear line: %q", msg)
		}
		src := litmus.FromBytes(data)
		if x, err = litmus.Parse(src); err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		model, memory := x.Judge(t.Context(), smallBounds), x.Operate(t.Context(), order.Weak, 3000)
		if model.Answer == litmus.Bounded || memory.Answer == litmus.Bounded {
			return
		}
		if happens(memory) && !happens(model) || fails(memory) && !fails(model) {
			t.Fatalf("the memory says %s, the model %s:\n%s", memory.Answer, model.Answer, src)
		}
	})
}

// happens and fails report whether the condition holds in some execution, and whether
// it does not in some.
func happens(j litmus.Judgement) bool { return j.Answer != litmus.Never }
func fails(j litmus.Judgement) bool   { return j.Answer != litmus.Always && !j.Empty }
