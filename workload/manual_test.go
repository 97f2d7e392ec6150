package workload

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Decode must accept the manual's example and report its mistakes as the manual
// says.
func TestTheManualIsRight(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(b)
	_, after, _ := strings.Cut(manual, "```yaml\n")
	example, _, ok := strings.Cut(after, "```")
	if !ok {
		t.Fatal("no example")
	}
	if _, err := Decode([]byte(example)); err != nil {
		t.Error(err)
	}
	for _, mistake := range [][2]string{{"handler: 69us", "handler: 5"}, {"  period: 100us", "  perod: 100us"}, {"{cpus: 2,", "{cpus: 257,"}} {
		_, err := Decode([]byte(strings.Replace(example, mistake[0], mistake[1], 1)))
		if err == nil {
			t.Errorf("%s: accepted", mistake[1])
			continue
		}
		line, _, _ := strings.Cut(err.Error(), " period, ")
		if !strings.Contains(manual, line) {
			t.Errorf("the manual does not show %q", err)
		}
	}
	fields(reflect.TypeFor[Scenario](), func(name string) {
		if !strings.Contains(manual, "`"+name+"`") && !strings.Contains(manual, "."+name+"`") {
			t.Errorf("the manual does not have %s", name)
		}
	})
	for _, name := range presetNames {
		if !strings.Contains(manual, "`"+name+"`") {
			t.Errorf("the manual does not have preset %s", name)
		}
	}
}

// fields calls fn with the name of every field that holds a value or a list.
func fields(t reflect.Type, fn func(string)) {
	for i := range t.NumField() {
		f := t.Field(i)
		elem := f.Type
		if elem.Kind() == reflect.Slice {
			fn(yamlName(f))
			elem = elem.Elem()
		}
		if elem.Kind() == reflect.Struct {
			fields(elem, fn)
		} else {
			fn(yamlName(f))
		}
	}
}
