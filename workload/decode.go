package workload

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Decode reads one scenario from YAML. Missing fields have their values in Default.
// It is strict: an unknown or repeated field, a number without its unit, a value
// out of range, or an alias is an *Error with line and column.
func Decode(data []byte) (Scenario, error) {
	root, err := parse(data)
	if err != nil {
		return Scenario{}, err
	}
	d := decoder{at: make(map[string]ast.Node), zeros: make(map[string]bool)}
	sc := Default()
	if err := d.value("", root, reflect.ValueOf(&sc).Elem()); err != nil {
		return Scenario{}, err
	}
	sc.About = strings.TrimSpace(sc.About)
	if err := sc.check(d.zeros); err != nil {
		return Scenario{}, d.locate(err)
	}
	return sc, nil
}

// decoder walks the parsed document and the Scenario side by side.
type decoder struct {
	at    map[string]ast.Node // the node of each path, for later error messages
	zeros map[string]bool     // the paths of numbers and times that are given as 0
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	versionType  = reflect.TypeFor[Version]()
	switchType   = reflect.TypeFor[Switch]()
	offType      = reflect.TypeFor[Off]()
)

// value stores a node in a field.
func (d *decoder) value(path string, n ast.Node, v reflect.Value) error {
	d.at[path] = n
	if v.Type() == durationType {
		got, ok := time.Duration(0), false
		if s, is := n.(*ast.StringNode); is {
			got, ok = parseDuration(s.Value)
		}
		if !ok {
			return wrong(path, n, wantDuration)
		}
		v.SetInt(int64(got))
		d.zeros[path] = got == 0
		return nil
	}
	if t := v.Type(); t == versionType || t == switchType {
		switch n.(type) {
		case *ast.FloatNode, *ast.IntegerNode, *ast.BoolNode: // YAML parses 7.0 as a number
			v.SetString(n.GetToken().Value)
			return nil
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.mapping(path, n, v)
	case reflect.Slice:
		return d.list(path, n, v)
	case reflect.String:
		switch n := n.(type) {
		case *ast.StringNode:
			v.SetString(n.Value)
			return nil
		case *ast.LiteralNode:
			v.SetString(n.Value.Value)
			return nil
		}
		return wrong(path, n, "want a text, in quotes if it looks like another type")
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value != (v.Type() == offType))
			return nil
		}
		return wrong(path, n, "want true or false")
	case reflect.Float64:
		switch n := n.(type) {
		case *ast.FloatNode:
			v.SetFloat(n.Value)
			return nil
		case *ast.IntegerNode:
			if i, ok := integer(n); ok {
				v.SetFloat(float64(i))
				return nil
			}
		}
		return wrong(path, n, "want a number, such as 2000 or 15.6")
	default:
		if i, ok := n.(*ast.IntegerNode); ok {
			if i, ok := integer(i); ok {
				v.SetInt(i)
				d.zeros[path] = i == 0
				return nil
			}
		}
		return wrong(path, n, "want a whole number")
	}
}

// integer returns the value of a node if it fits an int.
func integer(n *ast.IntegerNode) (int64, bool) {
	switch i := n.Value.(type) {
	case int64:
		return i, true
	case uint64:
		return int64(i), i <= math.MaxInt64
	}
	return 0, false
}

// mapping stores a mapping's entries in the fields of a struct.
func (d *decoder) mapping(path string, n ast.Node, v reflect.Value) error {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return wrong(path, n, "want fields, one per line")
	}
	for it := m.MapRange(); it.Next(); {
		key, isText := it.Key().(*ast.StringNode)
		if !isText {
			return wrong(path, it.Key(), "want the name of a field: "+strings.Join(fieldNames(v.Type()), ", "))
		}
		field, ok := fieldByName(v, key.Value)
		if !ok {
			e := wrong(cmp.Or(path, "scenario"), key, "want "+named.Want(key.Value, "a field", fieldNames(v.Type())))
			e.Value = show(key.Value)
			return e
		}
		if err := d.value(join(path, key.Value), it.Value(), field); err != nil {
			return err
		}
	}
	return nil
}

// list stores a sequence in a slice.
func (d *decoder) list(path string, n ast.Node, v reflect.Value) error {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		return wrong(path, n, "want a list")
	}
	if len(s.Values) > maxList {
		e := wrong(path, n, fmt.Sprintf("want at most %d", maxList))
		e.Value = fmt.Sprintf("%d entries", len(s.Values))
		return e
	}
	if len(s.Values) == 0 {
		return nil // an empty list becomes nil, as after encoding
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, n := range s.Values {
		if err := d.value(index(path, i), n, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// locate adds the position of the field to an error, or that of the nearest parent
// that exists.
func (d *decoder) locate(e *Error) error {
	for path := e.Path; ; {
		if n, ok := d.at[path]; ok {
			p := position(n)
			e.Line, e.Column = p[0], p[1]
			return e
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// wrong returns the error for a node that does not fit its field.
func wrong(path string, n ast.Node, want string) *Error {
	p := position(n)
	return &Error{Line: p[0], Column: p[1], Path: path, Value: describe(n), Want: want}
}

func position(n ast.Node) [2]int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key // the first token of a mapping is its first colon
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return [2]int{t.Position.Line, t.Position.Column}
	}
	return [2]int{1, 1}
}

// describe returns a node's text for a message.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return show(n.Value)
	case *ast.NullNode:
		return "no value"
	case *ast.MappingNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, alias or tag"
	case ast.ScalarNode:
		return show(n.GetToken().Value)
	default:
		return n.Type().String()
	}
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// yamlName returns the name of a struct field in YAML.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

func fieldByName(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if yamlName(v.Type().Field(i)) == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = yamlName(t.Field(i))
	}
	return names
}
