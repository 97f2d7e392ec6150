package command

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
)

func TestABuiltModuleIsALineOfTextOrOfJSON(t *testing.T) {
	t.Parallel()
	for want, asJSON := range map[string]bool{"/c/gpstorm.ko\n": false, `{"version":"7.3.4","path":"/c/gpstorm.ko"}` + "\n": true} {
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		if err := (&common{json: asJSON}).printBuilt(cmd, builtModule{"7.3.4", "/c/gpstorm.ko"}); err != nil || out.String() != want {
			t.Errorf("%q, %v; want %q", out.String(), err, want)
		}
	}
}
