package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/internal/named"
)

// policyFields are the fields of a policy file, in the order of the help, each with
// its flag.
var policyFields = []struct{ field, flag string }{
	{"fixes", "fix"}, {"scenarios", "scenario"},
	{"max_hang_rate", "max-hang-rate"}, {"max_p99", "max-p99"},
	{"min_margin", "min-margin"}, {"margin_axis", "margin-axis"},
	{"margin_level", "margin-level"}, {"margin_scenario", "margin-scenario"},
	{"no_unsafe", "no-unsafe"}, {"confidence", "confidence"}, {"budget", "budget"},
}

// maxPolicy is the size of the longest policy file, in bytes.
const maxPolicy = 8 << 10

// readPolicy sets each flag that the command line leaves out to the value in the
// file. A field that is misspelt, empty or of the wrong kind is an error: a gate
// must not test less than its policy says.
func readPolicy(path string, flags *pflag.FlagSet) error {
	b, err := readFile("--policy", path)
	if err != nil {
		return err
	}
	if len(b) > maxPolicy {
		return fmt.Errorf("%s: %d bytes long: want at most %d", path, len(b), maxPolicy)
	}
	parsed, err := parser.ParseBytes(b, 0)
	if syntax := (*yaml.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Token != nil {
		return fmt.Errorf("%s:%d: %s: want YAML", path, syntax.Token.Position.Line, syntax.Message)
	} else if err != nil {
		return fmt.Errorf("%s: %w: want YAML", path, err)
	}
	docs := slices.DeleteFunc(parsed.Docs, func(d *ast.DocumentNode) bool {
		_, is := d.Body.(*ast.DirectiveNode) // the parser makes a document of %YAML 1.2
		return is
	})
	if n := len(docs); n > 1 {
		return fmt.Errorf("%s: %d documents: want one", path, n)
	}
	if len(docs) == 0 || docs[0].Body == nil {
		return fmt.Errorf("%s: empty: want %s", path, policyNames())
	}
	fields, ok := docs[0].Body.(*ast.MappingNode)
	if !ok {
		return fmt.Errorf("%s: %s: want %s", path, kindOf(docs[0].Body), policyNames())
	}
	given := map[string]bool{}
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	for it := fields.MapRange(); it.Next(); {
		key := it.Key().GetToken()
		if err := setField(flags, key.Value, it.Value(), given); err != nil {
			return fmt.Errorf("%s:%d: %w", path, key.Position.Line, err)
		}
	}
	return nil
}

// setField reads one field. It checks a field whose flag is given too, but leaves
// the flag alone.
func setField(flags *pflag.FlagSet, field string, value ast.Node, given map[string]bool) error {
	name := ""
	for _, f := range policyFields {
		if f.field == field {
			name = f.flag
		}
	}
	if name == "" {
		return fmt.Errorf("%s: unknown field: want one of %s", named.Show(field), policyNames())
	}
	flag := flags.Lookup(name)
	values := []ast.Node{value}
	if _, several := flag.Value.(pflag.SliceValue); several {
		list, ok := value.(*ast.SequenceNode)
		if !ok {
			return fmt.Errorf("%s: %s: want a list of names", field, kindOf(value))
		}
		values = list.Values
	}
	var scratch pflag.FlagSet
	(&policyFlags{}).register(&scratch)
	for _, v := range values {
		switch v.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		default:
			return fmt.Errorf("%s: %s: want %s", field, kindOf(v), allowed(flag.Value))
		}
		text := v.GetToken().Value
		if scratch.Set(name, text) != nil || text == "" {
			return fmt.Errorf("%s: %s: want %s", field, named.Show(text), allowed(flag.Value))
		}
		if given[name] {
			continue
		}
		if err := flags.Set(name, text); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	return nil
}

func policyNames() string {
	var names []string
	for _, f := range policyFields {
		names = append(names, f.field)
	}
	return strings.Join(names, ", ")
}

// kindOf describes a node of the wrong kind.
func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.NullNode:
		return "no value"
	case *ast.MappingNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, alias or tag"
	default:
		return named.Show(n.GetToken().Value)
	}
}
