package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/repro"
)

func newReadCommand(c *common) *cobra.Command {
	var scenario outText
	cmd := &cobra.Command{
		Use:   "read [LOG...]",
		Short: "Read console logs: what hangs, and who holds it up",
		Long: `read reads console logs of Linux kernels from 5.0 on, as printk, dmesg, syslog,
journald (journalctl -o json, too) or kdump wrote them, quoted and wrapped in mails,
or with names of scripts/decode_stacktrace.sh, and logs of rcutorture and kvm.sh. It says which
wait hangs, who holds it up as far as the log shows it, and whether the machine
was slow or the kernel. Each fact has its line. Messages that look like part of
a report and do not parse are shown. Without a file, or for "-", it reads
standard input.

--scenario writes a scenario to start from: what the log shows is filled in with
its line, the rest is a guess and says so. The command runs it under baseline with a
few seeds, and prints which symptoms of the log it does not show, and with how many of
the seeds it shows the others.`,
		Example: `  gpstorm read console.log
  dmesg | gpstorm read --json
  gpstorm read console.log --scenario mine.yaml && gpstorm evaluate \
      --scenario mine.yaml`,
		RunE: func(cmd *cobra.Command, logs []string) error {
			if len(logs) == 0 {
				logs = []string{standardStream}
			}
			if scenario.outFile != "" && len(logs) > 1 {
				return wrong("--scenario", scenario.outFile, "one LOG to make it from, not %d", len(logs))
			}
			for i, name := range logs {
				log, err := readLog(cmd, name)
				switch {
				case errors.Is(err, repro.ErrNoLog):
					return wrong("LOG", name, "a console log (%v)", strings.TrimPrefix(err.Error(), repro.ErrNoLog.Error()+": "))
				case err != nil:
					return wrong("LOG", name, "a file that can be read (%v)", err)
				}
				if i > 0 && !c.json {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				to := cmd.OutOrStdout()
				if scenario.outFile == standardStream {
					to = cmd.ErrOrStderr()
				}
				if err := showLog(to, log, c.json); err != nil {
					return err
				}
				if scenario.outFile != "" {
					return draft(cmd, c, log, scenario)
				}
			}
			return nil
		},
	}
	cmd.Flags().Var(&scenario, "scenario", "write a scenario that shows the log's symptoms to this `file`; - is standard output, and the rest goes to standard error")
	cmd.Annotations = argumentsAre(inputFile)
	return cmd
}

// draft writes a scenario made from a log.
func draft(cmd *cobra.Command, c *common, log *repro.Log, to outText) error {
	d, err := log.Draft()
	if errors.Is(err, repro.ErrNoScenario) {
		return wrong("--scenario", to.outFile, "a log with a symptom that the virtual kernel has; this one has %s", symptoms(log))
	}
	if err != nil {
		return err
	}
	if err := writeTo(cmd, "--scenario", to, d.YAML(log.Name)); err != nil {
		return err
	}
	if c.quiet {
		return nil
	}
	name := string(to.outFile)
	if to.outFile == standardStream {
		name = "the scenario"
	}
	for _, m := range d.Missing {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s does not show: %s\n", name, m)
	}
	if d.Seeds < repro.DraftSeeds {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s shows the rest with %d of the seeds 1 to %d only\n", name, d.Seeds, repro.DraftSeeds)
	}
	return nil
}

func symptoms(log *repro.Log) string {
	all := log.Symptoms()
	if len(all) == 0 {
		return "none"
	}
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = string(s)
		if why := s.Unmodelled(); why != "" {
			parts[i] += " (" + why + ")"
		}
	}
	return strings.Join(parts, ", ")
}

func readLog(cmd *cobra.Command, name string) (*repro.Log, error) {
	if name == standardStream {
		return repro.Read("standard input", cmd.InOrStdin())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return repro.Read(name, f)
}

func showLog(w io.Writer, log *repro.Log, asJSON bool) error {
	if !asJSON {
		var text strings.Builder
		if err := log.WriteText(&text); err != nil {
			return err
		}
		_, err := io.WriteString(w, fit(screenOf(w), text.String()))
		return err
	}
	b, err := log.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
