package command

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// version describes the program for bug reports.
type version struct {
	Program string `json:"program"`
	Version string `json:"version"`         // of the module, or (devel)
	Build   string `json:"build,omitempty"` // the source revision, if it is known
	// Model is the version of the virtual kernel. Results of two versions are
	// not comparable.
	Model    string `json:"model"`
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
	v := version{
		Program: c.program, Version: moduleVersion(), Build: campaign.Build(), Model: kernel.ModelVersion,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if c.json {
		return json.NewEncoder(w).Encode(v)
	}
	build := ""
	if v.Build != "" {
		build = ", build " + v.Build
	}
	_, err := fmt.Fprintf(w, "%s %s%s\nmodel %s of the virtual kernel\n%s %s\n", v.Program, v.Version, build, v.Model, v.Go, v.Platform)
	return err
}

const module = "github.com/gpstorm/gpstorm"

// moduleVersion returns the version of gpstorm in this program.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknownVersion
	}
	return versionIn(info)
}

const unknownVersion = "(unknown)"

// versionIn returns the version of gpstorm, which is the program itself or a module
// that it imports. go.mod of a program can put another module or a directory in its
// place; a directory has no version.
func versionIn(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		switch {
		case m.Path != module:
		case m.Replace == nil:
			return m.Version
		case m.Replace.Version == "":
			return "(devel)"
		default:
			return m.Replace.Version
		}
	}
	return unknownVersion
}
