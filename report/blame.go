package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// blameNode is one link of the chains of waits, with its subtree.
type blameNode struct {
	prefix      trial.Cause // the chain down to this link
	name        string
	wait, storm time.Duration
	below       []*blameNode
}

// blameTree merges shares by the common links of their causes.
func blameTree(shares []trial.Share) *blameNode {
	root := &blameNode{}
	for _, s := range shares {
		n := root
		n.add(s)
		path := s.Cause.Path()
		for depth, prefix := range s.Cause.Prefixes() {
			i := slices.IndexFunc(n.below, func(b *blameNode) bool { return b.prefix == prefix })
			if i < 0 {
				i = len(n.below)
				n.below = append(n.below, &blameNode{prefix: prefix, name: path[depth]})
			}
			n = n.below[i]
			n.add(s)
		}
	}
	root.sort()
	return root
}

func (n *blameNode) add(s trial.Share) {
	n.wait += s.Wait
	n.storm += s.Storm
}

func (n *blameNode) sort() {
	slices.SortStableFunc(n.below, func(a, b *blameNode) int { return cmp.Compare(b.wait, a.wait) })
	for _, b := range n.below {
		b.sort()
	}
}

// smallest is the share of the whole below which links are not printed, but counted
// together.
const smallest = 0.01

// write prints the subtree below n, indented: each link with its share of whole and the
// part of that which storms took.
func (n *blameNode) write(b *strings.Builder, whole time.Duration, depth int) {
	var rest time.Duration
	small := 0
	for _, c := range n.below {
		if float64(c.wait) < smallest*float64(whole) {
			rest += c.wait
			small++
			continue
		}
		fmt.Fprintf(b, "  %5s  %8s  %s%s", percent(float64(c.wait)/float64(whole)), duration(c.wait), strings.Repeat("  ", depth), c.name)
		if c.storm > 0 && len(c.below) == 0 {
			fmt.Fprintf(b, " (storm: %s)", percent(float64(c.storm)/float64(c.wait)))
		}
		b.WriteByte('\n')
		c.write(b, whole, depth+1)
	}
	if small > 0 && float64(rest) >= smallest*float64(whole) {
		fmt.Fprintf(b, "  %5s  %8s  %s%d smaller ones\n", percent(float64(rest)/float64(whole)), duration(rest), strings.Repeat("  ", depth), small)
	}
}

// blame writes the causes of the longest close()'s wait, and those of all waits.
func blame(b *strings.Builder, r *trial.Result) {
	if len(r.Closes) == 0 {
		return
	}
	longest := slices.MaxFunc(r.Closes, func(a, b trial.Close) int { return cmp.Compare(a.Wait, b.Wait) })
	if len(longest.Blame) > 0 && longest.Wait > 0 {
		fmt.Fprintf(b, "\nthe longest close(), %s by %s, waited for\n", duration(longest.Wait), longest.Task)
		blameTree(longest.Blame).write(b, longest.Wait, 0)
	}
	all := blameTree(r.Blame)
	switch {
	case all.wait == 0:
		return
	case r.Looks > 0: // at some instants of another trial
		fmt.Fprintf(b, "\nthe closes there, %s in all, waited for (in %s)\n", duration(all.wait), counted(r.Looks, "look"))
	case len(r.Closes) > 1:
		fmt.Fprintf(b, "\nall of them together, %s, waited for\n", duration(all.wait))
	default:
		return
	}
	all.write(b, all.wait, 0)
}
