package failure

import (
	"os"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/order"
)

func TestFindingStartsWithTheCommandAndIsAllComments(t *testing.T) {
	t.Parallel()
	fenceOnly, err := mutant.Find("fence-only")
	if err != nil {
		t.Fatal(err)
	}
	c := mutant.CaseOf(fenceOnly, 2, 1, order.TSO)
	found, _, err := order.Explore(t.Context(), c, order.Options{})
	if err != nil || found == nil {
		t.Fatalf("fence-only is not found: %v", err)
	}
	small := order.Minimise(t.Context(), found)
	f := Finding{As: small, Found: found, Notes: []string{"first"}}
	path, err := f.Save(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if want := "/fence-only-tso-use-after-free-" + small.Checksum().String() + ".txt"; !strings.HasSuffix(path, want) {
		t.Errorf("saved as %s, want %s", path, want)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			t.Errorf("no comment: %q", line)
		}
	}
	for _, want := range []string{
		"# gpstorm replay " + small.Token().String() + "\n#\n# candidate  fence-only\n",
		"\n# case       " + small.Case.String() + "\n",
		"\n#            gpstorm replay " + found.Token().String() + "\n# note       first\n",
		"# | update side", // the table
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	token, err := ParseToken(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := order.Replay(token, mutant.Find); err != nil || again.Violation != small.Violation {
		t.Errorf("replays as %v, %v", again, err)
	}
}
