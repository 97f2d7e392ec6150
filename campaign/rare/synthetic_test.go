package rare

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// synthetic is a world whose longest close() is a known function of its draws, in
// milliseconds. threshold returns the wait of a given probability.
type synthetic struct {
	name      string
	wait      func(*seed.Draws) float64
	threshold func(p float64) float64
}

// probability returns the probability of the threshold for p. It is slightly less than p
// where waits are whole numbers.
func (s synthetic) probability(p float64) float64 {
	if s.name == varied.name {
		return reaches(s.threshold(p))
	}
	return p
}

// gauss returns a standard normal number from a stream.
func gauss(s *seed.Uniforms) float64 {
	return mathext.NormalQuantile(min(max(s.Float64(), 1e-16), 1-1e-16))
}

var synthetics = []synthetic{
	{"one number", func(d *seed.Draws) float64 {
		return -1000 * math.Log1p(-d.Stream("x").Float64())
	}, func(p float64) float64 { return -1000 * math.Log(p) }},
	{"sum of 20", func(d *seed.Draws) float64 {
		s, sum := d.Stream("x"), 0.0
		for range 20 {
			sum += gauss(s)
		}
		return 10000 + 1000*sum/math.Sqrt(20)
	}, func(p float64) float64 { return 10000 - 1000*mathext.NormalQuantile(p) }},
	{"both tails", func(d *seed.Draws) float64 {
		s := d.Stream("x")
		return 1000 * math.Abs(gauss(s)+gauss(s)) / math.Sqrt2
	}, func(p float64) float64 { return -1000 * mathext.NormalQuantile(p/2) }},
	{"longest of many", func(d *seed.Draws) float64 { // a random number of them
		n, longest := 1+d.Stream("n").IntN(9), 0.0
		for i := range n {
			longest = max(longest, -1000*math.Log1p(-d.Stream(fmt.Sprint("x", i)).Float64()))
		}
		return longest
	}, func(p float64) float64 { // P = mean over n of 1 - (1 - q)^n, q = e^-t
		lo, hi := 0.0, 100.0
		for range 200 {
			t, sum := (lo+hi)/2, 0.0
			for n := 1; n <= 9; n++ {
				sum -= math.Expm1(float64(n)*math.Log1p(-math.Exp(-t))) / 9
			}
			if sum > p {
				lo = t
			} else {
				hi = t
			}
		}
		return 1000 * lo
	}},
}

// way is one of several ways to wait long: with probability share * exp(-t / stretch) it
// takes t seconds or longer.
type way struct{ share, stretch float64 }

// reaches returns the probability that the way takes t seconds or longer.
func (w way) reaches(t float64) float64 { return min(w.share*math.Exp(-t/w.stretch), 1) }

// waysNumbers is the number of normal numbers whose sums decide how long each way takes.
const waysNumbers = 16

// separateWays takes as long as the longest of several ways. Each is the sum of all numbers
// with signs of its own, the rows of a Hadamard matrix: so the sums are independent, and two
// ways want half of the numbers large that the other wants small.
func separateWays(name string, ways ...way) synthetic {
	any := func(t float64) float64 {
		none := 0.0
		for _, w := range ways {
			none += math.Log1p(-w.reaches(t))
		}
		return -math.Expm1(none)
	}
	return synthetic{name, func(d *seed.Draws) float64 {
		s, longest := d.Stream("x"), 0.0
		var sums [waysNumbers]float64
		for i := range waysNumbers {
			z := gauss(s)
			for j := range ways {
				sums[j] += z * float64(1-bits.OnesCount(uint(i&(j+1)))%2*2)
			}
		}
		for j, w := range ways {
			tail := math.Erfc(sums[j]/math.Sqrt(2*waysNumbers)) / 2
			longest = max(longest, 1000*w.stretch*math.Log(w.share/tail))
		}
		return longest
	}, func(p float64) float64 {
		lo, hi := 0.0, 100.0
		for range 100 {
			if t := (lo + hi) / 2; any(t) > p {
				lo = t
			} else {
				hi = t
			}
		}
		return 1000 * lo
	}}
}

// The ways of a trial in separate have the same shares of every probability. In late the second
// way is about as frequent as the first at 1e-6, and rarer the larger the probability is.
var (
	separate = []synthetic{
		separateWays("two ways, 1:1", way{1, 1}, way{1, 1}),
		separateWays("two ways, 1:10", way{1, 1}, way{0.1, 1}),
		separateWays("two ways, 1:100", way{1, 1}, way{0.01, 1}),
		separateWays("three ways, 1:10:100", way{1, 1}, way{0.1, 1}, way{0.01, 1}),
	}
	late = []synthetic{
		separateWays("a late way", way{1, 1}, way{0.01, 1.5}),
		separateWays("a very late way", way{1, 1}, way{0.001, 2}),
	}
)

// varied resembles a scenario with its variations: knobs of nine steps affect the wait
// by different amounts, some not at all, and many phases act like noise, since any
// change of one is another draw.
var varied = synthetic{"knobs and noise", func(d *seed.Draws) float64 {
	sum := 0
	for i, w := range knobs {
		sum += w * d.Stream("knob "+strconv.Itoa(i)).IntN(9)
	}
	phases, noise := d.Stream("phases"), uint64(0)
	for range 40 {
		noise = (noise ^ uint64(phases.IntN(1<<30))) * 0x9e3779b97f4a7c15
	}
	return float64(sum + int(noise>>32)%noises)
}, func(p float64) float64 {
	steps := 0.0
	for reaches(steps) > p {
		steps++
	}
	return steps
}}

var knobs = []int{5, 4, 3, 3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}

const noises = 40

// reaches returns, by convolution, the probability that varied takes so many steps or
// more.
func reaches(steps float64) (p float64) {
	sum := []float64{1}
	add := func(weight, levels int) {
		wider := make([]float64, len(sum)+weight*(levels-1))
		for at, p := range sum {
			for k := range levels {
				wider[at+weight*k] += p / float64(levels)
			}
		}
		sum = wider
	}
	for _, w := range knobs {
		add(w, 9)
	}
	add(1, noises)
	for at, q := range sum {
		if float64(at) >= steps {
			p += q
		}
	}
	return p
}

func (s synthetic) world() worldtest.Func {
	return func(spec world.Spec) trial.Result {
		d := seed.NewDraws(spec.Seed, spec.Draws...)
		wait := time.Duration(s.wait(d) * float64(time.Millisecond))
		return trial.Result{Closes: []trial.Close{{Wait: wait}}, Draws: d.Used()}
	}
}

func (s synthetic) plan(p float64) *Plan {
	return &Plan{
		Scenario: workload.Scenario{Name: s.name, Horizon: time.Hour}, Subject: "none",
		Threshold:  time.Duration(s.threshold(p) * float64(time.Millisecond)),
		Replicates: 10, Trials: 200, Floor: 1e-12, Level: 0.95,
	}
}
