package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// column is a measurement that is repeated in every round.
type column struct {
	name    string
	command []string
	rounds  [][]float64 // one row of figures per round
}

// median returns the median, the minimum and the maximum of figure i.
func (c *column) median(i int) (mid, least, most float64) {
	var v []float64
	for _, r := range c.rounds {
		v = append(v, r[i])
	}
	slices.Sort(v)
	return v[len(v)/2], v[0], v[len(v)-1]
}

func tables(kinds []string, rounds, ms int, urcu string) error {
	if urcu == "" {
		return fmt.Errorf("-urcu is missing: want the path of the compiled peers/urcu.c")
	}
	if rounds < 1 || ms < 1 {
		return fmt.Errorf("-rounds %d -ms %d: want at least 1", rounds, ms)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if len(kinds) == 0 {
		kinds = []string{"read", "sync", "call", "idle"}
	}
	b := bencher{self: self, urcu: urcu, rounds: rounds, ms: strconv.Itoa(ms)}
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

type bencher struct {
	self, urcu, ms string
	rounds         int
}

func (b *bencher) goes(args ...string) []string {
	return append([]string{b.self, "-one", "-ms", b.ms}, args...)
}

func (b *bencher) c(args ...string) []string {
	return append(append([]string{b.urcu}, args...), b.ms)
}

func (b *bencher) run(columns []*column) error {
	for range b.rounds {
		for _, c := range columns {
			out, err := exec.Command(c.command[0], c.command[1:]...).Output()
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Join(c.command, " "), err)
			}
			var row []float64
			for _, f := range strings.Fields(string(out)) {
				v, err := strconv.ParseFloat(f, 64)
				if err != nil {
					return fmt.Errorf("%s: %w", strings.Join(c.command, " "), err)
				}
				row = append(row, v)
			}
			c.rounds = append(c.rounds, row)
		}
	}
	return nil
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
			columns = append(columns, &column{name: v, command: b.goes("read", v, s.readers, s.updaters)})
		}
		columns = append(columns, &column{name: "liburcu memb (C)", command: b.c("read", s.readers, s.updaters)})
	}
	if err := b.run(columns); err != nil {
		return err
	}
	fmt.Printf("CPU ns per lock + load + unlock of a reader: median (least to most) of %d rounds\n\n| |", b.rounds)
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
	fmt.Println()
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
			columns = append(columns, &column{name: v + ", " + readers + " readers", command: b.goes("sync", v, readers)})
		}
		columns = append(columns, &column{name: "liburcu memb (C), " + readers + " readers", command: b.c("sync", readers)})
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
		columns = append(columns, &column{name: producers, command: b.goes("call", producers)})
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
		{name: "Synchronize beside 0 idle Readers, us", command: b.goes("idle", "0")},
		{name: "Synchronize beside 50,000 idle Readers, us", command: b.goes("idle", "50000")},
		{name: "values a second through a pool, millions", command: b.goes("pool")},
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
