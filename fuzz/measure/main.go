// Command measure says what guidance buys FuzzTeardown: how many executions, and
// how much CPU time, a campaign needs until it fails, from a calm scenario on.
//
//	go run ./fuzz/measure -goals stale-unlocks,hang:asyncfree -repeats 9
//
// Each goal is a planted bug, or hang:NAME for a close() that hangs under that
// candidate; both are hunted alone. A campaign is one of four: guided by the edges
// of all code, as go test -fuzz has it, or by none, each with the situations of the
// trial (package guide) or without. It runs one worker in a corpus of its own.
// Campaigns take turns, so that a busy machine is as busy for each. The Go fuzzer
// draws its mutations at random: no two runs print the same figures.
//
//	go run ./fuzz/measure -throughput 20s
//
// says how many executions every target comes to, beside one that does nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	goals := flag.String("goals", "stale-unlocks,async-one-domain,hang:asyncfree", "what to look for, `names` with commas")
	repeats := flag.Int("repeats", 9, "campaigns of each kind for each goal")
	limit := flag.Duration("limit", time.Minute, "wall time after which a campaign gives up")
	each := flag.Duration("throughput", 0, "measure throughput instead, each target for so `long`")
	flag.Parse()
	if *each > 0 {
		if err := throughput(*each); err != nil {
			fmt.Fprintln(os.Stderr, "measure:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(strings.Split(*goals, ","), *repeats, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(goals []string, repeats int, limit time.Duration) error {
	dir, err := os.MkdirTemp("", "measure-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ways, err := build(dir)
	if err != nil {
		return err
	}
	fmt.Println("| goal | guided by | found | executions, median (least to most) | CPU seconds, median (least to most) | executions per CPU second |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, goal := range goals {
		found := make([][]outcome, len(ways))
		for n := range repeats {
			for i, w := range ways {
				o, err := w.campaign(filepath.Join(dir, fmt.Sprintf("%s-%d-%d", strings.ReplaceAll(goal, ":", "-"), n, i)), goal, limit)
				if err != nil {
					return fmt.Errorf("%s, guided by %s: %w", goal, w.name, err)
				}
				found[i] = append(found[i], o)
			}
		}
		for i, w := range ways {
			fmt.Println(row(goal, w.name, found[i]))
		}
	}
	return nil
}
