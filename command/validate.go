package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
)

type validateOptions struct {
	*common
	boot           bool
	kernels, names []string
	boots          int
	recordings     string
	record         outFile
	ktap, junit    outFile
}

func newValidateCommand(c *common) *cobra.Command {
	o := validateOptions{common: c}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Compare the virtual kernel with measured kernels",
		Long: `Real kernels were measured in a number of setups. This command runs the same setups
in the virtual kernel and prints the model's figures beside the measured ones, with
their ratio and the band for it. A seed stands for a boot; the seeds are always the
same. The last table ranks the candidates by a real kernel and by the model.

The recordings of real kernels are part of the program. --boot makes new ones, of
the kernels given, and compares with those instead; --record keeps them, and
--recordings compares with kept ones. An interrupt loses none that were made.

Figures that are known to be outside their bands are shown with the reason.

Exit codes: 0 all other figures are within their bands; 1 some are not.`,
		Example: `  gpstorm validate
  gpstorm validate --boot --kernel base=7.0.13 --scenario boot-calm \
      --record mine.jsonl
  gpstorm validate --json | jq 'select(.within == false)'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.validate(cmd) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.boot, "boot", false, "boot real kernels, and compare with them")
	flags.StringArrayVar(&o.kernels, "kernel", nil, "with --boot: a `kernel`, NAME=VERSION|PATH[,OPTION=VALUE...]; may be repeated")
	flags.StringArrayVar(&o.names, "scenario", nil, "with --boot: a `preset` for real kernels; may be repeated (default all)")
	flags.IntVar(&o.boots, "boots", 1, "with --boot: how often each scenario runs on each kernel")
	flags.Var(&o.record, "record", "with --boot: keep the recordings in this `file`, one a line")
	flags.Var(&o.junit, "junit", "write JUnit XML to this `file` too")
	flags.Var(&o.ktap, "ktap", "write KTAP, which kselftest and KernelCI read, to this `file` too")
	flags.StringVar(&o.recordings, "recordings", "", "compare with the recordings of this `file`")
	reads(flags, inputFile, "recordings")
	reads(flags, inputKernel, "kernel")
	return cmd
}

func (o *validateOptions) validate(cmd *cobra.Command) error {
	recordings, kept, err := o.recorded(cmd)
	if err != nil {
		return err
	}
	v, err := calibration.Run(cmd.Context(), o.inKernel())
	if err != nil {
		return err
	}
	if err := v.Compare(cmd.Context(), o.inKernel(), recordings); err != nil {
		return inputOrFailure(err)
	}
	out := cmd.OutOrStdout()
	if o.json {
		err = report.ValidationJSON(out, v)
	} else {
		err = report.ValidationText(out, screenOf(out), v)
	}
	sides := writeSides(
		o.junit.side("--junit", func(w io.Writer) error { return report.ValidationJUnit(w, v) }),
		o.ktap.side("--ktap", func(w io.Writer) error { return report.ValidationKTAP(w, v) }),
	)
	if err := cmp.Or(err, kept, sides); err != nil {
		return err
	}
	if v.Unknown() > 0 {
		return &exitError{code: exitFailure}
	}
	return nil
}

// recorded returns the recordings for the comparison. kept is the error of keeping them,
// which costs no comparison.
func (o *validateOptions) recorded(cmd *cobra.Command) (all []calibration.Recording, kept, err error) {
	for _, flag := range []string{"kernel", "scenario", "boots", "record"} {
		if !o.boot && cmd.Flags().Changed(flag) {
			return nil, nil, wrong("--"+flag, absent("given"), "--boot beside it")
		}
	}
	switch {
	case o.boot && o.recordings != "":
		return nil, nil, wrong("--recordings", o.recordings, "no --boot beside it")
	case o.boot:
		return o.bootAll(cmd)
	case o.recordings == "":
		all, err = calibration.Shipped()
		return all, nil, err
	}
	b, err := readFile("--recordings", o.recordings)
	if err != nil {
		return nil, nil, err
	}
	all, err = calibration.ReadRecordings(bytes.NewReader(b))
	if err != nil {
		return nil, nil, inputf("%s: %w", o.recordings, err)
	}
	return all, nil, nil
}

// bootAll makes recordings, and keeps them.
func (o *validateOptions) bootAll(cmd *cobra.Command) (all []calibration.Recording, kept, err error) {
	if o.boots < 1 || o.boots > 100 {
		return nil, nil, wrong("--boots", o.boots, "1 to 100")
	}
	scenarios, err := presetsNamed(o.names)
	if err != nil {
		return nil, nil, badInput(err)
	}
	w, err := worldOf(o.kernels)
	if err != nil {
		return nil, nil, err
	}
	if err := o.ready(bootFlag{"--boot", "true"}, w, scenarios); err != nil {
		return nil, nil, err
	}
	machine, date, err := w.Machine(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	subjects := w.Subjects()
	perBoot := len(subjects) * len(scenarios)
	spec := func(i int) world.Spec {
		return world.Spec{
			Scenario: scenarios[i%len(scenarios)], Subject: subjects[i/len(scenarios)%len(subjects)].Name,
			Variation: i / perBoot, Seed: o.seed + uint64(i/perBoot),
		}
	}
	n := perBoot * o.boots
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	err = (&boots{booting: w}).Execute(cmd.Context(), n, spec, func(i int, r trial.Result) error {
		s := spec(i)
		kernel, fix := w.Image(s.Subject)
		rec, ok := calibration.Record(&r, &s.Scenario, kernel, fix, machine, date)
		if !ok {
			o.note(cmd, "%s on %s: left out: %s", s.Scenario.Name, s.Subject, r.LeftOut)
		} else {
			all = append(all, rec)
		}
		bar.update(i+1, n)
		return nil
	})
	bar.done()
	kept = o.keep(all)
	if err != nil {
		o.consoleOf(cmd, err)
		if kept == nil && o.record != "" && len(all) > 0 {
			o.note(cmd, "%d recordings made before that are in %s", len(all), o.record)
		}
		return nil, nil, inputOrFailure(err)
	}
	return all, kept, nil
}

// keep writes the file of --record, if there is anything to write.
func (o *validateOptions) keep(all []calibration.Recording) error {
	if o.record == "" || len(all) == 0 {
		return nil
	}
	return writeFile("--record", o.record, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for i := range all {
			if err := enc.Encode(&all[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// presetsNamed returns the presets of real kernels with those names, or all presets of
// real kernels if names is empty.
func presetsNamed(names []string) (found []workload.Scenario, err error) {
	all := boot.Presets()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, sc := range all {
		known = append(known, sc.Name)
	}
	for _, name := range unique(names) {
		at := slices.IndexFunc(all, func(sc workload.Scenario) bool { return sc.Name == name })
		if at < 0 {
			return nil, named.Unknown("scenario", name, "a preset for real kernels", known)
		}
		found = append(found, all[at])
	}
	return found, nil
}
