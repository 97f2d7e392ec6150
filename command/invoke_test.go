package command

import (
	"bytes"
	"context"
	"testing"

	"github.com/spf13/cobra"
)

// invoked is the outcome of a command line.
type invoked struct {
	code        int
	out, errors string
}

// invoke runs a command line of a program in this process.
func invoke(t *testing.T, p Program, args ...string) invoked {
	t.Helper()
	if p.Name == "" {
		p.Name = "gpstorm"
	}
	return invokeIn(t.Context(), p, args...)
}

func invokeIn(ctx context.Context, p Program, args ...string) invoked {
	var out, errs bytes.Buffer
	code := run(ctx, p, args, &out, &errs)
	return invoked{code, out.String(), errs.String()}
}

// commands makes the commands of gpstorm.
func commands(t *testing.T) *cobra.Command {
	t.Helper()
	root, err := newRootCommand(Program{Name: "gpstorm"})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// gpstormNames returns the names of gpstorm without additions of a program.
func gpstormNames(t *testing.T) names {
	t.Helper()
	n, err := newNames(Program{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
