package command

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

// parallel is the flag of how much runs at once; 0 is the default of its command. It is
// bounded: each takes memory.
type parallel int

func (p *parallel) register(flags *pflag.FlagSet, usage string) { flags.Var(p, "parallel", usage) }

// Set is part of pflag.Value.
func (p *parallel) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > cluster.MaxSlots {
		return errors.New("not so many")
	}
	*p = parallel(n)
	return nil
}

// String is part of pflag.Value.
func (p *parallel) String() string { return strconv.Itoa(int(*p)) }

// Type is part of pflag.Value.
func (p *parallel) Type() string { return "int" }

func (p *parallel) want() string { return fmt.Sprintf("0 to %d", cluster.MaxSlots) }
