package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(c *common) *cobra.Command {
	dir := outDir("man")
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Write the manual pages",
		Long: `Writes a manual page for each command into a directory, made from the help texts.
For the completion of a shell see gpstorm completion --help.`,
		Example: `  gpstorm man --out /usr/local/share/man/man1
  gpstorm man && man -l man/gpstorm-gate.1`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := os.MkdirAll(string(dir), 0o755); err != nil {
				return wrong("--out", string(dir), "a directory that can be made")
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // a date would make two builds differ
			if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: c.program, Manual: c.program}, string(dir)); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			c.note(cmd, "the manual pages are in %s", dir)
			return nil
		},
	}
	cmd.Flags().Var(&dir, "out", "write into this `directory`")
	return cmd
}
