package command

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/repro"
)

func newReadCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "read [LOG...]",
		Short: "Read console logs: what hangs, who holds it up, and whether the machine was slow",
		Long: `read reads console logs of Linux kernels from 5.0 on, as printk, dmesg, syslog,
journald or kdump wrote them, and logs of rcutorture and kvm.sh. It says which
wait hangs, who holds it up as far as the log shows it, and whether the machine
was slow or the kernel. Each fact has its line. Messages that look like part of
a report and do not parse are shown. Without a file, or for "-", it reads
standard input.`,
		Example: `  gpstorm read console.log
  dmesg | gpstorm read
  gpstorm read --json console.log`,
		RunE: func(cmd *cobra.Command, logs []string) error {
			if len(logs) == 0 {
				logs = []string{"-"}
			}
			for i, name := range logs {
				log, err := readLog(cmd, name)
				if err != nil {
					return wrong("LOG", name, "a file that can be read (%v)", err)
				}
				if i > 0 && !c.json {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				if err := showLog(cmd.OutOrStdout(), log, c.json); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func readLog(cmd *cobra.Command, name string) (*repro.Log, error) {
	if name == "-" {
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
		return log.WriteText(w)
	}
	b, err := log.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
