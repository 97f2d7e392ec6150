//go:build amd64 && gc && go1.26 && !go1.27 && !race && !msan && !asan && !libfuzzer && !gpstorm_portable && !gpstorm_debug

package srcu

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// A function that is called between the address and the increment could move the
// stack: the owner of the slot would be another goroutine.
func TestNothingIsCalledBetweenTheAddressAndTheCount(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the package three times")
	}
	t.Parallel()
	for _, flags := range []string{"-S", "-S -N -l", "-S -d=checkptr"} {
		cmd := exec.Command("go", "build", "-gcflags="+flags, ".")
		var listing bytes.Buffer
		cmd.Stderr = &listing
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v", flags, err)
		}
		method, found := "", 0
		for lines := bufio.NewScanner(&listing); lines.Scan(); {
			line := lines.Text()
			if strings.Contains(line, "\tTEXT\t") {
				method = ""
				for _, m := range []string{"ReadLock", "ReadUnlock"} {
					if strings.Contains(line, "srcu.(*Domain)."+m+"(SB)") {
						method, found = m, found+1
					}
				}
			}
			if method != "" && strings.Contains(line, "\tCALL\t") && !strings.Contains(line, "runtime.morestack") {
				t.Errorf("with %s, %s: %s", flags, method, line)
			}
		}
		if found != 2 {
			t.Errorf("with %s: %d methods in the listing, want 2", flags, found)
		}
	}
}
