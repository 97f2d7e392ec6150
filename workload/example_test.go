package workload_test

import (
	"fmt"

	"github.com/gpstorm/gpstorm/workload"
)

// A scenario is a YAML document; missing fields have their values in Default.
func ExampleDecode() {
	sc, err := workload.Decode([]byte(`
name: two-closers
storms:
- source: nmi
  period: 100us
  handler: 60us
closers:
- name: closer
  count: 2
`))
	fmt.Println(sc.Name, sc.Machine.CPUs, sc.Storms[0].Handler, err)

	_, err = workload.Decode([]byte("name: typing-error\nclosures: []\n"))
	fmt.Println(err)
	// Output:
	// two-closers 2 60µs <nil>
	// 2:1: scenario: closures: want a field; did you mean closers?
}

// A program's own scenarios are listed with the presets.
func ExampleNewCatalogue() {
	mine := workload.Default()
	mine.Name = "one-closer"
	mine.Closers = []workload.Closers{{Name: "closer", Count: 1}}
	c, err := workload.NewCatalogue(append(workload.Presets(), mine)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	sc, _ := c.Find("one-closer")
	fmt.Println(len(sc.Closers))
	_, err = c.Find("hevy")
	fmt.Println(err)
	// Output:
	// 1
	// scenario: hevy: want a scenario; did you mean heavy?
}

// Variations are neighbours of a scenario with different loads.
func ExampleVary() {
	sc, _ := workload.Preset("heavy")
	for n := range 3 {
		storm := workload.Vary(sc, n, 7).Storms[0]
		fmt.Println(n, storm.Period, storm.Handler)
	}
	// Output:
	// 0 10ms 9.5ms
	// 1 10ms 9.64ms
	// 2 5ms 4.75ms
}
