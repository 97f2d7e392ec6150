package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// column is a measurement that is repeated in every round.
type column struct {
	name    string
	program string // without the number of the layout
	args    []string
	rounds  [][]float64 // one row of figures per round
}

// median returns the median, the minimum and the maximum of figure i.
func (c *column) median(i int) (mid, least, most float64) {
	var v []float64
	for _, r := range c.rounds {
		v = append(v, r[i])
	}
	return median(v)
}

// ratio is median for the ratios of the first figures to those of another column in
// the same rounds.
func (c *column) ratio(to *column) (mid, least, most float64) {
	var v []float64
	for i, r := range c.rounds {
		v = append(v, r[0]/to.rounds[i][0])
	}
	return median(v)
}

func median(v []float64) (mid, least, most float64) {
	slices.Sort(v)
	return v[len(v)/2], v[0], v[len(v)-1]
}

func tables(kinds []string, rounds, ms int, dir string) error {
	layouts := 0
	for exists(filepath.Join(dir, fmt.Sprint("bench.", layouts+1))) && exists(filepath.Join(dir, fmt.Sprint("urcu.", layouts+1))) {
		layouts++
	}
	if layouts == 0 {
		return fmt.Errorf("-layouts %q: want a directory with bench.1 and urcu.1, made by run.sh", dir)
	}
	if rounds < 1 || ms < 1 {
		return fmt.Errorf("-rounds %d -ms %d: want at least 1", rounds, ms)
	}
	var err error
	if len(kinds) == 0 {
		kinds = []string{"read", "sync", "call", "idle"}
	}
	b := bencher{dir: dir, layouts: layouts, rounds: rounds, ms: strconv.Itoa(ms)}
	for _, k := range kinds {
		switch k {
		case "read":
			err = b.read()
		case "sync":
			err = b.sync()
		case "call":
			err = b.call()
		case "idle":
			err = b.idle()
		default:
			err = fmt.Errorf("table %q: want read, sync, call or idle", k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

type bencher struct {
	dir             string // of the programs
	layouts, rounds int
	ms              string
}

func (b *bencher) goes(name string, args ...string) *column {
	return &column{name: name, program: "bench", args: append([]string{"-one", "-ms", b.ms}, args...)}
}

func (b *bencher) c(name string, args ...string) *column {
	return &column{name: name, program: "urcu", args: append(args, b.ms)}
}

func (b *bencher) run(columns []*column) error {
	for round := range b.rounds {
		for _, c := range columns {
			row, err := c.measure(b.dir, round%b.layouts+1)
			for tries := 1; err == nil && slices.ContainsFunc(row, isNothing) && tries < 10; tries++ {
				row, err = c.measure(b.dir, round%b.layouts+1) // no reader got a CPU
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", c.program, strings.Join(c.args, " "), err)
			}
			c.rounds = append(c.rounds, row)
		}
	}
	return nil
}

func isNothing(v float64) bool { return math.IsInf(v, 0) || math.IsNaN(v) }

// measure runs the program in one of its layouts, and returns what it prints.
func (c *column) measure(dir string, layout int) (row []float64, err error) {
	out, err := exec.Command(filepath.Join(dir, fmt.Sprint(c.program, ".", layout)), c.args...).Output()
	if err != nil {
		return nil, err
	}
	for _, f := range strings.Fields(string(out)) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, err
		}
		row = append(row, v)
	}
	return row, nil
}

// read prints CPU ns per pair, for each number of readers, and with one updater
// that runs grace periods back to back.
func (b *bencher) read() error {
	shapes := []struct {
		name              string
		readers, updaters string
	}{{"1 reader", "1", "0"}, {"2 readers", "2", "0"}, {"8 readers", "8", "0"}, {"1 reader, 1 updater", "1", "1"}}
	var columns []*column
	for _, s := range shapes {
		for _, v := range readVariants {
			columns = append(columns, b.goes(v, "read", v, s.readers, s.updaters))
		}
		columns = append(columns, b.c("liburcu memb (C)", "read", s.readers, s.updaters))
	}
	if err := b.run(columns); err != nil {
		return err
	}
	fmt.Printf("CPU ns per lock + load + unlock of a reader: median (least to most) of %d rounds in %d layouts\n\n| |", b.rounds, min(b.rounds, b.layouts))
	for _, s := range shapes {
		fmt.Printf(" %s |", s.name)
	}
	fmt.Printf("\n|---|%s\n", strings.Repeat("---|", len(shapes)))
	per := len(readVariants) + 1
	for i := range per {
		fmt.Printf("| %s |", columns[i].name)
		for s := range shapes {
			mid, least, most := columns[s*per+i].median(0)
			fmt.Printf(" %.2f (%.2f to %.2f) |", mid, least, most)
		}
		fmt.Println()
	}
	handle := slices.Index(readVariants, "handle")
	fmt.Print("| handle / memb in one round |")
	for s := range shapes {
		mid, least, most := columns[s*per+handle].ratio(columns[s*per+per-1])
		fmt.Printf(" %.2f (%.2f to %.2f) |", mid, least, most)
	}
	fmt.Print("\n\n")
	return nil
}

// enough is the number of grace periods with a running reader that makes a round
// count.
const enough = 200

// sync prints wall µs per grace period with busy readers.
func (b *bencher) sync() error {
	var columns []*column
	for _, readers := range []string{"0", "1", "2"} {
		for _, v := range syncVariants {
			columns = append(columns, b.goes(v+", "+readers+" readers", "sync", v, readers))
		}
		columns = append(columns, b.c("liburcu memb (C), "+readers+" readers", "sync", readers))
	}
	if err := b.run(columns); err != nil {
		return err
	}
	fmt.Printf("wall µs per grace period that a reader ran beside: median (least to most) of the rounds with at least %d\n\n", enough)
	fmt.Println("| | p50 | p99 | rounds | grace periods that count |\n|---|---|---|---|---|")
	for _, c := range columns {
		c.rounds = slices.DeleteFunc(c.rounds, func(row []float64) bool { return row[2] < enough })
		if len(c.rounds) == 0 {
			fmt.Printf("| %s | - | - | 0 of %d | 0 |\n", c.name, b.rounds)
			continue
		}
		p50, l50, m50 := c.median(0)
		p99, l99, m99 := c.median(1)
		count := 0.0
		for _, row := range c.rounds {
			count += row[2]
		}
		fmt.Printf("| %s | %.1f (%.1f to %.1f) | %.1f (%.1f to %.1f) | %d of %d | %.0f |\n",
			c.name, p50/1e3, l50/1e3, m50/1e3, p99/1e3, l99/1e3, m99/1e3, len(c.rounds), b.rounds, count)
	}
	fmt.Println()
	return nil
}

// call prints the throughput of callbacks.
func (b *bencher) call() error {
	var columns []*column
	for _, producers := range []string{"1", "2"} {
		columns = append(columns, b.goes(producers, "call", producers))
	}
	if err := b.run(columns); err != nil {
		return err
	}
	fmt.Printf("Call: median (least to most) of %d rounds\n\n", b.rounds)
	fmt.Println("| producers | callbacks/s, wall | CPU ns each | most pending | MB |\n|---|---|---|---|---|")
	for _, c := range columns {
		rate, lr, mr := c.median(0)
		cpu, lc, mc := c.median(1)
		pending, _, mp := c.median(2)
		mb, _, mm := c.median(3)
		fmt.Printf("| %s | %.2f M (%.2f to %.2f) | %.0f (%.0f to %.0f) | %.0f (to %.0f) | %.0f (to %.0f) |\n",
			c.name, rate/1e6, lr/1e6, mr/1e6, cpu, lc, mc, pending, mp, mb, mm)
	}
	fmt.Println()
	return nil
}

// idle prints grace periods with idle readers, and the throughput of a pool.
func (b *bencher) idle() error {
	columns := []*column{
		b.goes("Synchronize beside 0 idle Readers, us", "idle", "0"),
		b.goes("Synchronize beside 50,000 idle Readers, us", "idle", "50000"),
		b.goes("values a second through a pool, millions", "pool"),
	}
	if err := b.run(columns); err != nil {
		return err
	}
	fmt.Printf("Idle readers and the pool: median (least to most) of %d rounds\n\n| | |\n|---|---|\n", b.rounds)
	for i, c := range columns {
		unit := 1e3
		if i == 2 {
			unit = 1e6
		}
		mid, least, most := c.median(0)
		fmt.Printf("| %s | %.1f (%.1f to %.1f) |\n", c.name, mid/unit, least/unit, most/unit)
		if i == 2 {
			mid, least, most = c.median(1)
			fmt.Printf("| CPU ns each | %.0f (%.0f to %.0f) |\n", mid, least, most)
		}
	}
	fmt.Println()
	return nil
}
