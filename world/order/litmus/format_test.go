package litmus_test

import (
	"context"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// TestFormat parses each construct of the kernel's C dialect. The answer of the test
// checks its meaning.
func TestFormat(t *testing.T) {
	t.Parallel()
	const body = "P0(int *x)\n{\n\tint r0 = READ_ONCE(*x);\n\tint r1;\n}\n"
	tests := []struct {
		name, src string
		want      litmus.Answer
	}{
		{"text before the braces", "C a b\n\"Rfe\nFre\"\nCycle=Rfe\nRelax=\nOrig=PodWW (Rfe)\nany = text; here\n{}\n" + body + "exists (0:r0=0)", litmus.Always},
		{"variant line", "C a\nVariant=Quad\n{\n__int128_t x=1;\n}\nP0 (__int128_t *x) {\n *x = 0;\n}\nforall ([x]=0)", litmus.Always},
		{"comments in all styles", "C a (* b *)\n(* { (* nested *) *)\n{ /* c */ }\n" + body + "exists (0:r0=0) // end", litmus.Always},
		{"typed number", "C a\n{ int x=1; }\n" + body + "exists (0:r0=1)", litmus.Always},
		{"typed pointer to a number", "C a\n{ int *x=1; }\n" + body + "exists (0:r0=1)", litmus.Always},
		{"hexadecimal, negative, long", "C a\n{ x=0x10; y=-1; z=7L; }\n" + body + "exists (0:r0=16 /\\ y=-1 /\\ z=7)", litmus.Always},
		{"brackets", "C a\n{ [x]=2; }\n" + body + "exists (0:r0=2)", litmus.Always},
		{"name alone", "C a\n{ x; int y; }\n" + body + "exists (0:r0=0)", litmus.Always},
		{"ATOMIC_INIT", "C a\n{ atomic_t x = ATOMIC_INIT(3); }\n" + body + "exists (0:r0=3)", litmus.Always},
		{"address", "C a\n{ int *x=&y; int *z = y; }\n" + body + "exists (0:r0=y /\\ z=&y)", litmus.Always},
		{"cast address", "C a\n{ intptr_t x=(intptr_t)&y; }\n" + body + "exists (0:r0=y)", litmus.Always},
		{"register", "C a\n{ 0:r5=4; }\n" + body + "exists (0:r5=4)", litmus.Always},
		{"typed register", "C a\n{ int 0:r5 = x; int64_t 0:r6; int * 0:r7; P0:r8=2; }\n" + body + "exists (0:r5=x /\\ 0:r6=0 /\\ 0:r8=2)", litmus.Always},
		{"register over a parameter", "C a\n{ 0:r5=y; }\nP0(int *x)\n{\n\tWRITE_ONCE(*r5, 1);\n}\nexists (y=1)", litmus.Always},
		{"register without an initial value", "C a\n{}\nP0(int *x)\n{\n\tint r9;\n\tr1 = READ_ONCE(*x) - r9;\n}\nexists (0:r1=0 /\\ 0:r9=0)", litmus.Always},
		{"unsigned number", "C a\n{ unsigned int x=4294967295; }\n" + body + "exists (0:r0=4294967295)", litmus.Always},
		{"number is no address", "C a\n{}\nP0(int *x)\n{\n\tlong r0 = 4294967296;\n\tlong r1 = (1 << 31) * (1 << 31) + 4294967296;\n}\nexists (0:r0=x \\/ 0:r1=x)", litmus.Never},
		{"address through arithmetic", "C a\n{}\nP0(int *x)\n{\n\tint r0 = READ_ONCE(*x);\n\tint *r1 = x + (r0 ^ r0);\n\tWRITE_ONCE(*r1, 7);\n}\nexists (x=7)", litmus.Always},
		{"qualified parameters", "C a\n{}\nP0(volatile int *x, const struct foo **y, atomic_int* z)\n{\n\tint r0 = (int)READ_ONCE(*x);\n\t(void)READ_ONCE(*y);\n}\nexists (0:r0=0)", litmus.Always},
		{"void thread", "C a\n{}\nvoid P0(int *x)\n{\n\tint r0 = READ_ONCE(*x);\n}\nexists (0:r0=0)", litmus.Always},
		{"no condition", "C a\n{}\n" + body, litmus.Always},
		{"text after the condition", "C a\n{}\n" + body + "exists (0:r0=0)\nwith more; text", litmus.Always},
		{"condition without parentheses", "C a\n{}\n" + body + "~exists 0:r0=1 /\\ x=0", litmus.Never},
		{"negated atom", "C a\n{}\n" + body + "exists (~0:r0=1)", litmus.Always},
		{"not exists", "C a\n{}\n" + body + "not exists (0:r0=1)", litmus.Never},
		{"implication", "C a\n{}\n" + body + "forall (0:r0=1 => x=5)", litmus.Always},
		{"two registers", "C a\n{}\n" + body + "exists (0:r0=0:r1)", litmus.Always},
		{"locations after a filter", "C a\n{}\n" + body + "filter (0:r0=0)\nlocations [0:r0; x;]\nexists (true)", litmus.Always},
		{"built-in functions", "C a\n{ x=5; }\nP0(atomic_t *x)\n{\n\tint r0 = __atomic_add_unless{mb}(x, 10, 5);\n\tint r1 = __atomic_op_return{acquire}(x, +, 2);\n\t__fence{mb};\n\t__store{release}(*x, r1);\n}\nexists (0:r0=0 /\\ x=7)", litmus.Always},
		{"C11 functions", "C a\n{}\nP0(atomic_int *x)\n{\n\tint r0 = atomic_exchange_explicit(x, 2, memory_order_acquire);\n\tint r1 = atomic_fetch_add_explicit(x, 3, memory_order_relaxed);\n\tatomic_thread_fence(memory_order_seq_cst);\n}\nexists (0:r0=0 /\\ 0:r1=2 /\\ x=5)", litmus.Always},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, err := litmus.Parse(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			if got := x.Judge(t.Context(), litmus.DefaultBounds); got.Answer != tt.want {
				t.Errorf("%s %s, want %s", got.Answer, got.Why, tt.want)
			}
		})
	}
}

// TestUnknownConstructs: an error names the line, the construct and the accepted ones.
func TestUnknownConstructs(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"X86 a\n{}":      `line 1: test of kind "X86": want C`,
		"C a\nno braces": `line 2: "": want "{"`,
		"C a\n{}\n":      `line 3: "": want a thread`,
		"C a\n{}\nP0(int *x)\n{\n\tsmp_memb();\n}\nexists (x=0)":                                            "line 5: smp_memb(): want a primitive of the kernel's memory model",
		"C a\n{}\nP0(spinlock_t *l)\n{\n\tspin_unlock_wait(l);\n}\nexists (l=0)":                            "line 5: spin_unlock_wait(): want a primitive of the kernel's memory model",
		"C a\n{}\nP0(int *x)\n{\n\twhile (1)\n\t\tREAD_ONCE(*x);\n}\nexists (x=0)":                          "line 5: while statement: want if, an assignment or a call",
		"C a\n{}\nP0(int *x)\n{\n\tatomic_load_explicit(x, memory_order_seq_cst);\n}\nexists (x=0)":         "line 5: atomic_load_explicit() with memory_order_seq_cst: want an access that the kernel's model has",
		"C a\n{}\nP0(int *x)\n{\n\tatomic_thread_fence(memory_order_acquire);\n}\nexists (x=0)":             "line 5: atomic_thread_fence() with memory_order_acquire: want a barrier that the kernel's model has",
		"C a\n{ int x[2]; }\nP0(int *x)\n{\n}\nexists (x=0)":                                                "line 2: array x: want a scalar",
		"C a\n{}\nP1(int *x)\n{\n}\nexists (x=0)":                                                           `line 3: thread "P1": want P0`,
		"C a\n{}\nP0(int *x)\n{\n}\nexists (y=0)":                                                           "line 6: condition on y: want a location of the test",
		"C a\n{}\nP0(int *x)\n{\n}\nexists (3:r0=0)":                                                        "line 6: condition on 3:r0: want a register of one of the 1 threads",
		"C a\n{}\nP0(int *x)\n{\n}\nexists (x=0) /\\ (x=1) \\/":                                             `line 6: "": want a value`,
		"C a\n{}\nP0(int *x)\n{\n\tsmp_mb(1);\n}\nexists (x=0)":                                             "line 5: smp_mb() with 1 arguments: want 0",
		"C a\n{}\nP0(int *x)\n{\n}\nexists (" + strings.Repeat("(", 300) + "x=0" + strings.Repeat(")", 301): "line 6: nesting: more than 200: want less",
		"C a\n{}\nP0(int *x)\n{\n\tint r0 = 1;\n}\nexists (-0:r0=1)":                                        `line 7: "0": want a value`,
		"C a\n{}\nP0(int *x)\n{\n\tint r0 = 1 / 0;\n}\nexists (x=0)":                                        "line 5: / 0: want a divisor other than 0, and shifts by 0 to 31",
		"C a\n{}\nP0(int *x)\n{\n\tint r0 = 1 << -1;\n}\nexists (x=0)":                                      "line 5: << -1: want a divisor other than 0, and shifts by 0 to 31",
		"C a\n{}\nP0(int *x)\n{\n\tlong r0 = 2305843009213693952;\n}\nexists (x=0)":                         "line 5: number 2305843009213693952: want less than 2^61",
		"C a\n{ x=" + strings.Repeat("- ", 300) + "1; }":                                                    "line 2: nesting: more than 200: want less",
		"C a\n{}\nP0(int *x)\n{\n}\nforall (" + strings.Repeat("x=0 => ", 300) + "x=0)":                     "line 6: nesting: more than 200: want less",
		"C a\n{}\nP0(int *x)\n{\n\tint r0 = 1" + strings.Repeat("+1", 10_002) + ";\n}\nexists (x=0)":        "line 5: more than 10000 operators in a row: want less",
		"C " + strings.Repeat("a", 16<<20):                                                                  "line 1: test of 16777218 bytes: want at most 16 MiB",
		"C a\n{}\nP0(int *x)\n{\n\t" + strings.Repeat("f", 1000) + "();\n}\nexists (x=0)":                   "line 5: " + strings.Repeat("f", 60) + "...(): want a primitive of the kernel's memory model",
	} {
		_, err := litmus.Parse(src)
		if err == nil || err.Error() != want {
			t.Errorf("%.60q: %v, want %s", src, err, want)
		}
	}
}

// TestBoundsEndEverySearch: the search of a test with many accesses to one location,
// and so with too many communications to list, ends at its bound.
func TestBoundsEndEverySearch(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("C many\n{}\n")
	for _, p := range []string{"P0", "P1", "P2"} {
		b.WriteString(p + "(int *x)\n{\n" + strings.Repeat("\tWRITE_ONCE(*x, 1);\n", 4) + "\tint r0 = READ_ONCE(*x);\n}\n")
	}
	b.WriteString("exists (0:r0=2)\n")
	x, err := litmus.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Judge(t.Context(), litmus.Bounds{Steps: 5000}); got.Answer != litmus.Bounded || got.Why != "more than 5000 steps" && !strings.HasPrefix(got.Why, "the accesses to x") {
		t.Errorf("%s %q: want it bounded", got.Answer, got.Why)
	}
}

// TestInterruptedSearchIsBounded: a search whose context has ended is no answer.
func TestInterruptedSearchIsBounded(t *testing.T) {
	t.Parallel()
	x, err := litmus.Parse(ring("rrrgrr", false))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got := x.Operate(ctx, order.Weak, 500_000); got.Answer != litmus.Bounded || got.Why != "interrupted" {
		t.Errorf("%s %q: want it interrupted", got.Answer, got.Why)
	}
}

// TestPathsCountAgainstTheBound: each choice of paths counts as work, since
// a test with many paths and no accesses visits hardly any state but costs time.
func TestPathsCountAgainstTheBound(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("C paths\n{}\n")
	for _, p := range []string{"P0", "P1", "P2"} {
		b.WriteString(p + "(int *x)\n{\n\tint r0;\n" + strings.Repeat("\tif (r0) { r1 = 1; } else { r1 = 2; }\n", 6) + "}\n")
	}
	b.WriteString("exists (0:r1=3)\n")
	x, err := litmus.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Operate(t.Context(), order.Weak, 100); got.Answer != litmus.Bounded || got.Why != "more work than the bound" {
		t.Errorf("%s %q: want it bounded", got.Answer, got.Why)
	}
}

// A name that the test declares nowhere counts as 0, and the test says so.
func TestUndeclaredNamesAreNoted(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"C a\n{}\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n\tWRITE_ONCE(*z, 1);\n}\nexists (x=1)":        "line 6: z is declared nowhere and counts as 0",
		"C a\n{}\nP0(int *x)\n{\n\tint r0 = READ_ONCE(*x);\n}\nexists (0:r00=0)":                     "line 7: 0:r00 is declared nowhere and counts as 0",
		"C a\n{ 0:r5=4; }\nP0(int *x)\n{\n\tint r1;\n\tr0 = *x + r1;\n}\nexists (0:r5=4 /\\ 0:r1=0)": "",
	} {
		x, err := litmus.Parse(src)
		if err != nil || x.Undeclared != want {
			t.Errorf("%q: %q, %v, want %q", src, x.Undeclared, err, want)
		}
	}
}

// A name that hides a location, or a parameter that hides an initial register, is noted.
func TestHiddenNamesAreNoted(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"C a\n{ r1=2; }\nP0(int *x)\n{\n\tint r1 = READ_ONCE(*x);\n}\nexists (0:r1=0)":     "line 5: register r1 of P0 hides the location r1",
		"C a\n{}\nP0(int *x)\n{\n\tint r0;\n\tint x;\n\tr0 = 1;\n}\nexists (0:r0=1)":       "line 6: register x of P0 hides the location x",
		"C a\n{ 0:x=3; }\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nexists (x=1)":            "line 3: parameter x of P0 hides the initial register 0:x",
		"C a\n{ 0:r5=4; x=1; }\nP0(int *x)\n{\n\tint r1 = READ_ONCE(*x);\n}\nexists (x=1)": "",
	} {
		x, err := litmus.Parse(src)
		if err != nil || x.Hidden != want {
			t.Errorf("%q: %q, %v, want %q", src, x.Hidden, err, want)
		}
	}
}

// A byte order mark at the head of a file is no part of the test.
func TestByteOrderMarkIsSkipped(t *testing.T) {
	t.Parallel()
	x, err := litmus.Parse("\ufeffC marked\n{}\nP0(int *x)\n{\n\tWRITE_ONCE(*x, 1);\n}\nexists (x=1)\n")
	if err != nil || x.Name != "marked" {
		t.Errorf("%v, %v", x, err)
	}
	if _, err = litmus.Parse("\ufeffC marked\n{}\nP0(int *x)\n{\n\twhile (1);\n}\n"); err == nil || err.Error() != "line 5: while statement: want if, an assignment or a call" {
		t.Error(err)
	}
}
