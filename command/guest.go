package command

import (
	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/boot/guest"
)

func newGuestCommand(c *common) *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use:   "guest SCENARIO...",
		Short: "Run scenarios on the kernel of this machine, as root",
		Long: `The side of --world boot that runs on a real kernel. --world boot starts it as
/init of an emulated machine. Started by hand, as root, in a virtual machine or on a
machine of your own, it runs scenarios there and prints its records: lines that
begin with "@gpstorm", with a checksum each. While a storm lasts the machine hardly
answers; priorities and sysctls stay changed. So the flag --yes-storm-this-machine is required.`,
		Example: `  gpstorm guest boot-hrtimer-80 --yes-storm-this-machine
  gpstorm guest boot-calm mine.yaml --yes-storm-this-machine > records
  vng --user root -- gpstorm guest boot-hrtimer-80 --yes-storm-this-machine`,
		Args:              atLeastOne("a scenario: a preset's name or a YAML file"),
		ValidArgsFunction: c.names.completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			var scenarios []workload.Scenario
			for _, name := range unique(args) {
				sc, err := c.names.scenario(name)
				if err != nil {
					return badInput(err)
				}
				scenarios = append(scenarios, sc)
			}
			cases, err := boot.Cases(scenarios, c.seed)
			if err != nil {
				return badInput(err)
			}
			if !sure {
				return wrong("--yes-storm-this-machine", false, "it given: the storms of a guest stop all other work on this machine")
			}
			return guest.Run(cases, cmd.OutOrStdout())
		},
	}
	cmd.Annotations = argumentsAre(inputScenario)
	c.seedFlag(cmd)
	cmd.Flags().BoolVar(&sure, "yes-storm-this-machine", false, "yes, storm the kernel that runs this process")
	return cmd
}
