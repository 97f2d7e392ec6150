// Command bench compares the live core with its peers in one run: liburcu memb in
// C, xsync's RBMutex and sync.RWMutex in Go.
//
//	bench [-rounds N] [-ms M] -layouts DIR [read|sync|call|idle ...]   all tables
//	bench -one read  VARIANT READERS UPDATERS                     one measurement
//	bench -one sync  VARIANT READERS
//	bench -one call  PRODUCERS
//	bench -one idle  READERS
//	bench -one pool
//
// Every measurement runs in its own process, so that none inherits the heap or the
// threads of another. The variants take turns within each round, so that
// interference from other processes affects all of them. Each round runs the next of
// several builds that differ in the addresses of their loops; run.sh makes them.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

func main() {
	one := flag.Bool("one", false, "take one measurement and print it")
	rounds := flag.Int("rounds", 7, "rounds; the tables show medians over them")
	ms := flag.Int("ms", 200, "milliseconds a measurement takes")
	layouts := flag.String("layouts", "", "directory of bench.1, urcu.1, bench.2, urcu.2 ...: this program and peers/urcu.c in several layouts")
	flag.Parse()
	var err error
	if *one {
		err = measureOne(flag.Args(), time.Duration(*ms)*time.Millisecond)
	} else {
		err = tables(flag.Args(), *rounds, *ms, *layouts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

func measureOne(args []string, d time.Duration) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to measure: want read, sync, call, idle or pool")
	}
	var n []int
	for _, a := range args[min(len(args), 1+variants(args[0])):] {
		v, err := strconv.Atoi(a)
		if err != nil || v < 0 {
			return fmt.Errorf("count %q: want a number", a)
		}
		n = append(n, v)
	}
	switch {
	case args[0] == "read" && len(n) == 2 && slices.Contains(readVariants, args[1]):
		fmt.Printf("%.4f\n", measureRead(args[1], n[0], n[1], d))
	case args[0] == "sync" && len(n) == 1 && slices.Contains(syncVariants, args[1]):
		r := measureSync(args[1], n[0], d)
		fmt.Printf("%.1f %.1f %d %d\n", r.p50, r.p99, r.gated, r.all)
	case args[0] == "call" && len(n) == 1:
		r := measureCall(n[0], d)
		fmt.Printf("%.0f %.1f %d %.1f\n", r.perSecond, r.cpu, r.pending, r.mb)
	case args[0] == "idle" && len(n) == 1:
		fmt.Printf("%.1f\n", measureIdle(n[0], d))
	case args[0] == "pool" && len(n) == 0:
		perSecond, cpu := measurePool(d)
		fmt.Printf("%.0f %.1f\n", perSecond, cpu)
	default:
		return fmt.Errorf("measurement %q: want read VARIANT READERS UPDATERS, sync VARIANT READERS, call PRODUCERS, idle READERS or pool", args)
	}
	return nil
}

// variants returns the number of names after the kind of measurement.
func variants(kind string) int {
	if kind == "read" || kind == "sync" {
		return 1
	}
	return 0
}
