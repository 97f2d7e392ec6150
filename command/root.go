package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/internal/named"
)

// common holds the state that all commands of a program share: its candidates and
// scenarios, and the values of shared flags.
type common struct {
	program string // its name
	names   names
	json    bool
	seed    uint64
	quiet   bool
}

// seedFlag adds --seed to a command that draws random numbers.
func (c *common) seedFlag(cmd *cobra.Command) {
	cmd.Flags().Uint64Var(&c.seed, "seed", 1, "seed of all randomness")
}

// newRootCommand makes the commands of a program. It returns an error if a candidate or
// scenario of the program is not valid.
func newRootCommand(p Program) (*cobra.Command, error) {
	known, err := newNames(p)
	if err != nil {
		return nil, err
	}
	c := &common{program: p.Name, names: known}
	root := newEvaluateCommand(c)
	root.Use = p.Name
	root.Short = "Fuzz and stress the fix candidates of the SRCU-fast teardown hang"
	root.Long = `gpstorm runs fix candidates for the SRCU-fast tracepoint teardown hang (Linux
7.0-rc1) through the same interrupt storms, in a virtual kernel in virtual time,
and reports which of them hang, how often, for how long and at what cost. Without
a subcommand it evaluates: see gpstorm evaluate --help.

Exit codes: 0 done; 1 failed; 2 bad input; 3 invalid or undecided; 130 interrupted.`
	root.Example = `  gpstorm                      compare all candidates in all scenarios
  gpstorm run repro2 --fix baseline --log   see the hang of the report`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.BoolVar(&c.json, "json", false, "write JSON Lines")
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "no progress and no notes on stderr")

	root.AddCommand(
		newEvaluateCommand(c),
		newRunCommand(c),
		newReplayCommand(c),
		newListCommand(c),
		newMergeCommand(c),
		newReportCommand(c),
		newGateCommand(c),
		newShrinkCommand(c),
		newMarginCommand(c),
		newRareCommand(c),
		newCertifyCommand(c),
		newVerifyCommand(c),
		newRunsCommand(c),
		newDetachCommand(c),
		newValidateCommand(c),
		newExploreCommand(c),
		newLitmusCommand(c),
		newTortureCommand(c),
		newServeCommand(c),
		newWorkerCommand(c),
		newStatusCommand(c),
		newCorpusCommand(c),
		newReadCommand(c),
		newExportCommand(c),
		newKernelsCommand(c),
		newGuestCommand(c),
		newManCommand(c),
		newVersionCommand(c),
	)
	root.Args = knownCommand
	root.PersistentPreRunE = c.distinct
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", helpWidth)))
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = func(cmd *cobra.Command, args []string) error {
			_, rest, _ := root.Find(args)
			return knownCommand(cmd, rest)
		}
	}
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.RunE = func(_ *cobra.Command, args []string) error {
			shell := any(absent("no argument"))
			if len(args) > 0 {
				shell = args[0]
			}
			return wrong("completion", shell, "one of bash, fish, powershell, zsh")
		}
		completion.Args = cobra.ArbitraryArgs
		completion.Example = `  gpstorm completion bash > /etc/bash_completion.d/gpstorm
  gpstorm completion zsh > "${fpath[1]}/_gpstorm"`
		for _, shell := range completion.Commands() {
			shell.Args = exactly()
		}
	}
	showHelp := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.Long = reflow(cmd.Long, helpWidth)
		showHelp(cmd, args)
	})
	// --version equals the command version, also with --json.
	showVersion := root.Flags().Bool("version", false, "print version, model and Go, as gpstorm version does")
	evaluate := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *showVersion {
			return c.version(cmd.OutOrStdout())
		}
		return evaluate(cmd, args)
	}
	setOnce(root)
	rename(root, p.Name)
	return root, nil
}

// knownCommand refuses a first word that is not a command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand("command", args[0], cmd.Root())
}

// knownSubcommand refuses a word that is not a command of a group.
func knownSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd.Name(), args[0], cmd)
}

func unknownCommand(field, name string, of *cobra.Command) error {
	var names []string
	for _, sub := range of.Commands() {
		if sub.Name() != "help" && sub.Name() != "completion" {
			names = append(names, sub.Name())
		}
	}
	if near, ok := named.Nearest(name, names); ok {
		return wrong(field, name, "a command; did you mean %s?", near)
	}
	return wrong(field, name, "one of %s", strings.Join(names, ", "))
}

// rename replaces gpstorm in the help texts by the program's name.
func rename(cmd *cobra.Command, name string) {
	own := func(text *string) { *text = strings.ReplaceAll(*text, "gpstorm ", name+" ") }
	own(&cmd.Long)
	own(&cmd.Example)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { own(&f.Usage) })
	for _, sub := range cmd.Commands() {
		rename(sub, name)
	}
}

// note prints a line about the run unless --quiet is set.
func (c *common) note(cmd *cobra.Command, format string, args ...any) {
	if !c.quiet {
		w := cmd.ErrOrStderr()
		io.WriteString(w, onTerminal(w, fmt.Sprintf(c.program+": "+format+"\n", args...)))
	}
}

// helpWidth is the width of a help text: it may go to a file or a pager.
const helpWidth = 80
