package workload

import (
	"fmt"
	"sync"

	"github.com/gpstorm/gpstorm/testdata"
)

// loadField reads the scenarios after public reports, in the order of their names.
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

// FieldPresets returns scenarios that are written after public reports of stalls and
// hangs, in the order of their names. They are no part of Presets: most are about
// what is wrong with a machine, and a candidate cannot be blamed for that.
func FieldPresets() []Scenario {
	all := loadField()
	presets := make([]Scenario, len(all))
	for i := range all {
		presets[i] = all[i].clone()
	}
	return presets
}
