package command

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what a bug report needs of the program that ran.
type build struct {
	Program  string `json:"program"`
	Version  string `json:"version"`            // of the module, or (devel)
	Revision string `json:"revision,omitempty"` // of the source, if the build knows it
	Modified bool   `json:"modified,omitempty"` // since that revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersionCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, its model and Go",
		Long: `Prints what a bug report needs: the version and the source revision of the
program, the version of the model that results depend on, and the version of Go.`,
		Example: `  gpstorm version
  gpstorm version --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.version(cmd.OutOrStdout()) },
	}
}

func (c *common) version(w io.Writer) error {
	b := thisBuild(c.program)
	if c.json {
		return json.NewEncoder(w).Encode(b)
	}
	revision := ""
	if b.Revision != "" {
		revision = ", revision " + b.Revision
		if b.Modified {
			revision += " with changes"
		}
	}
	_, err := fmt.Fprintf(w, "%s %s%s\n%s %s\n", b.Program, b.Version, revision, b.Go, b.Platform)
	return err
}

func thisBuild(program string) build {
	b := build{Program: program, Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = moduleVersion(info)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

const module = "github.com/gpstorm/gpstorm"

// moduleVersion is the version of gpstorm, whether it is the program or a module
// of it.
func moduleVersion(info *debug.BuildInfo) string {
	if info.Main.Path == module {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "(unknown)"
}
