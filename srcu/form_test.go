package srcu

import (
	"go/build/constraint"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// constraintOf returns the build line of a file.
func constraintOf(t *testing.T, file string) constraint.Expr {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	x, err := constraint.Parse(line)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return x
}

// The plain form depends on the compiler and the runtime of certain Go versions.
// All other versions, compilers and architectures use the atomic form, and so do
// builds with checks.
func TestPlainFormIsOnlyForWhatItsArgumentWasReadFor(t *testing.T) {
	t.Parallel()
	base := "amd64 gc go1.25 go1.26"
	for _, c := range []struct {
		tags  string
		plain bool
	}{
		{base, true},
		{base + " linux cgo", true},
		{"amd64 gc go1.25", false},
		{base + " go1.27", false},
		{base + " go1.27 go1.28", false},
		{"amd64 gccgo go1.25 go1.26", false},
		{"arm64 gc go1.25 go1.26", false},
		{base + " race", false},
		{base + " msan", false},
		{base + " asan", false},
		{base + " libfuzzer", false},
		{base + " gpstorm_portable", false},
		{base + " gpstorm_debug", false},
	} {
		has := map[string]bool{}
		for _, tag := range strings.Fields(c.tags) {
			has[tag] = true
		}
		tag := func(s string) bool { return has[s] }
		for _, pair := range [][2]string{{"plain.go", "atomic.go"}, {"../rcu/record_plain.go", "../rcu/record_atomic.go"}} {
			plain, atomic := constraintOf(t, pair[0]).Eval(tag), constraintOf(t, pair[1]).Eval(tag)
			if plain != c.plain || atomic == plain {
				t.Errorf("with %q: %s %t, %s %t; want exactly one, the plain one: %t", c.tags, pair[0], plain, pair[1], atomic, c.plain)
			}
		}
	}
	if !plainCounters && !debugging && !racing && runtime.GOARCH == "amd64" {
		t.Logf("%s: atomic counters, as the argument in plain.go was not checked for this version or build", runtime.Version())
	}
}

// A 32-bit machine panics at an atomic access to 64 bits that is not aligned to them. It
// aligns the first word of an allocated struct, and any other word to 32 bits alone.
func TestAtomicCountersAreFirstInTheirStructs(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]uintptr{
		"Reader.n": unsafe.Offsetof(Reader{}.n), "chunk.closed": unsafe.Offsetof(chunk{}.closed),
		"group.used": unsafe.Offsetof(group{}.used), "slot.n": unsafe.Offsetof(slot{}.n),
	} {
		if at != 0 {
			t.Errorf("%s is at offset %d", name, at)
		}
	}
}
