package workload

import (
	"fmt"
	"sync"

	"github.com/gpstorm/gpstorm/testdata"
)

// loadField reads the scenarios from public reports, sorted by name.
var loadField = sync.OnceValue(func() []Scenario {
	const dir = "scenarios/field"
	files, err := testdata.Field.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	all := make([]Scenario, len(files))
	for i, f := range files {
		b, err := testdata.Field.ReadFile(dir + "/" + f.Name())
		if err == nil {
			all[i], err = Decode(b)
		}
		if err != nil {
			panic(fmt.Sprintf("scenario %s: %v", f.Name(), err))
		}
	}
	return all
})

// FieldPresets returns scenarios modelled on public reports of stalls and hangs,
// sorted by name. They are not part of Presets: most are about a faulty machine,
// for which no candidate is to blame.
func FieldPresets() []Scenario {
	all := loadField()
	presets := make([]Scenario, len(all))
	for i := range all {
		presets[i] = all[i].clone()
	}
	return presets
}
