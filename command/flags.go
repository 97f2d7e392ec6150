package command

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/internal/named"
)

// once refuses a second value for a flag that holds one: pflag would silently
// take the last.
type once struct {
	pflag.Value
	given bool
}

var (
	errTwice = errors.New("given twice")
	errEmpty = errors.New("empty")
)

func (o *once) Set(s string) error {
	if o.given {
		return errTwice
	}
	if s == "" && o.Type() == "string" {
		return errEmpty // no flag takes an empty text
	}
	if err := o.Value.Set(s); err != nil {
		return err
	}
	o.given = true
	return nil
}

// filled refuses an empty text for a flag with a list: pflag would leave it out.
type filled struct {
	pflag.Value
	pflag.SliceValue
}

func (f *filled) Set(s string) error {
	if s == "" {
		return errEmpty
	}
	return f.Value.Set(s)
}

// setOnce makes every flag with one value refuse a second one, and lists of texts an
// empty one.
func setOnce(cmd *cobra.Command) {
	wrap := func(f *pflag.Flag) {
		list, several := f.Value.(pflag.SliceValue)
		_, wrapped := f.Value.(*once)
		if f.Value.Type() == "stringSlice" {
			if _, wrapped := f.Value.(*filled); !wrapped {
				f.Value = &filled{f.Value, list}
			}
		}
		if !several && !wrapped {
			f.Value = &once{Value: f.Value}
		}
		if f.DefValue == "0s" || f.DefValue == "0%" {
			f.DefValue = "" // not given; pflag shows the zeros of types that it does not know
		}
	}
	cmd.PersistentFlags().VisitAll(wrap)
	cmd.Flags().VisitAll(wrap)
	for _, sub := range cmd.Commands() {
		setOnce(sub)
	}
}

// flagError turns an error of pflag into bad input.
func flagError(cmd *cobra.Command, err error) error {
	var (
		invalid *pflag.InvalidValueError
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		if errors.Is(err, errTwice) {
			return wrong("--"+f.Name, invalid.GetValue(), "one value; %s is given already", named.Show(f.Value.String()))
		}
		if errors.Is(err, errDirectory) {
			return wrong("--"+f.Name, invalid.GetValue(), "a file, not a directory")
		}
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			return wrong("--"+f.Name, invalid.GetValue(), "a file that can be written (%v)", at.Err)
		}
		return wrong("--"+f.Name, invalid.GetValue(), "%s", allowed(f.Value))
	case errors.As(err, &unknown):
		return wrong(dashed(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()), absent("unknown flag"), "a flag that %s --help lists", cmd.CommandPath())
	case errors.As(err, &missing):
		return wrong("--"+missing.GetFlag().Name, absent("no value"), "%s", allowed(missing.GetFlag().Value))
	case errors.As(err, &syntax):
		return wrong(syntax.GetSpecifiedFlag(), absent("not a flag"), "a flag that %s --help lists", cmd.CommandPath())
	}
	return inputf("%w: want flags that %s --help lists", err, cmd.CommandPath())
}

// dashed returns a flag with its dashes, as written.
func dashed(name, shorthands string) string {
	if shorthands != "" {
		return "-" + name
	}
	return "--" + name
}

// dashField puts dashes before the field of bad input if that is a flag of the command:
// the packages below name only the field.
func dashField(cmd *cobra.Command, text string) string {
	field, _, ok := strings.Cut(text, ": ")
	name := strings.ReplaceAll(field, " ", "-")
	if !ok || cmd == nil || cmd.Flags().Lookup(name) == nil {
		return text
	}
	return "--" + name + text[len(field):]
}

// unwrap returns the value of a flag without once.
func unwrap(v pflag.Value) pflag.Value {
	if o, ok := v.(*once); ok {
		return o.Value
	}
	return v
}

// described is a flag's value that describes its allowed values.
type described interface{ want() string }

// allowed describes the allowed values of a flag.
func allowed(v pflag.Value) string {
	v = unwrap(v)
	if d, ok := v.(described); ok {
		return d.want()
	}
	switch typ := v.Type(); typ {
	case "uint64":
		return "a whole number, 0 to 18446744073709551615"
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	case "float64":
		return "a number"
	case "string", "stringArray":
		return "a text that is not empty"
	case "stringSlice":
		return "texts that are not empty, with commas between"
	case "duration":
		return "a duration, 30s say"
	default:
		return "a " + typ
	}
}

// choice is one of several mutually exclusive flags.
type choice struct {
	flag  string
	given bool
}

// oneOf refuses more than one of the flags.
func oneOf(want string, all ...choice) error {
	first := ""
	for _, c := range all {
		switch {
		case c.given && first != "":
			return wrong(c.flag, absent("given"), "%s; %s is given already", want, first)
		case c.given:
			first = c.flag
		}
	}
	return nil
}

// exactly takes one argument for each description given.
func exactly(wants ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(wants):
			return wrong(cmd.Name(), absent("no argument"), "%s", wants[len(args)])
		case len(args) > len(wants) && len(wants) == 0:
			return wrong(cmd.Name(), args[0], "no argument")
		case len(args) > len(wants):
			return wrong(cmd.Name(), args[len(wants)], "one argument: %s", strings.Join(wants, ", "))
		}
		return nil
	}
}

// atLeastOne takes one argument of that description or more.
func atLeastOne(want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return wrong(cmd.Name(), absent("no argument"), "%s", want)
		}
		return nil
	}
}
