package command

import (
	"strings"
	"testing"
)

// A name or a number that is given twice counts once, as in other commands.
func TestDetachTabulatesWhatIsGivenTwiceOnce(t *testing.T) {
	t.Parallel()
	once := invoke(t, Program{}, "detach", "--kind", "bpf-link", "--cpus", "1", "--fix", "poll")
	twice := invoke(t, Program{}, "detach", "--kind", "bpf-link,bpf-link", "--cpus", "1,01,1", "--fix", "poll", "--fix", "poll")
	if once.code != 0 || strings.Count(once.out, "\n") != 2 || twice != once {
		t.Errorf("%+v\nand twice %+v", once, twice)
	}
}
