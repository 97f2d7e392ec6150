package rare

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// count has the weights of the trials in which a number was in each ninth.
type count struct {
	place
	in             [ninths]float64
	total, squares float64
}

func (c *count) add(ninth uint64, weight float64) {
	c.in[ninth] += weight
	c.total += weight
	c.squares += float64(weight * weight) // not fused with the sum on any machine
}

// effective is the number of trials of one weight that show as much (Kish).
func (c *count) effective() float64 { return c.total * c.total / c.squares }

const (
	// open is the share of a marginal that is uniform, whatever was learnt. There may be
	// other ways to hang, which only trials far from those that were learnt show.
	open = 0.3
	// curveNumbers is the number of parameters of a curve, and mostChance the probability
	// with which a uniform number gets a marginal.
	curveNumbers = 2
	mostChance   = 0.025
)

// leastChi is the least chi-square of a curve that is not uniform.
var leastChi = distuv.ChiSquared{K: curveNumbers}.Quantile(1 - mostChance)

// leastRough is the same of what deviates from a curve.
var leastRough = distuv.ChiSquared{K: ninths - 1 - curveNumbers}.Quantile(1 - mostChance)

// marginal returns the marginal of the number, or false if it may be uniform. It shrinks
// what it learnt towards a smooth curve, and the curve towards uniform, both the more the
// less certain they are (James and Stein 1961). For many numbers that matter a little
// each, the noise of what was learnt would else make the weights uneven.
func (c *count) marginal() (Marginal, bool) {
	var seen [ninths]float64
	for i, w := range c.in {
		seen[i] = w / c.total
	}
	even := [ninths]float64{}
	for i := range even {
		even[i] = 1.0 / ninths
	}
	n := c.effective()
	fitted := curve(seen, n)
	steep, rough := deviance(fitted, even, n), deviance(seen, fitted, n)
	if steep < leastChi && rough < leastRough {
		return Marginal{}, false
	}
	learnt := mix(fitted, even, shrink(curveNumbers, steep))
	learnt = mix(seen, learnt, shrink(ninths-1-curveNumbers, rough))
	learnt = mix(learnt, even, 1-open)
	m := Marginal{Stream: c.stream, Index: c.index}
	left := uint64(millionths)
	for i, p := range learnt {
		m.Ninths[i] = left
		if i < ninths-1 {
			m.Ninths[i] = uint64(math.Round(millionths * p))
		}
		left -= m.Ninths[i]
	}
	return m, true
}

// shrink returns the share that is kept of a deviation with so many parameters.
func shrink(parameters, chi float64) float64 { return max(0, 1-parameters/chi) }

// mix returns share of a, and of b the rest.
func mix(a, b [ninths]float64, share float64) (m [ninths]float64) {
	for i := range m {
		m[i] = float64(share*a[i]) + float64((1-share)*b[i])
	}
	return m
}

// deviance is the likelihood ratio statistic of n numbers: about chi-square if they are
// distributed as the model.
func deviance(seen, model [ninths]float64, n float64) (d float64) {
	for i, p := range seen {
		if p > 0 {
			d += float64(2 * n * p * math.Log(p/model[i]))
		}
	}
	return d
}

// curve returns the distribution whose density is the exponential of a parabola in the
// normal score of the number, with the greatest likelihood.
func curve(seen [ninths]float64, n float64) [ninths]float64 {
	var score [ninths]float64
	at := [ninths]float64{}
	for i := range score {
		score[i] = mathext.NormalQuantile((float64(i) + 0.5) / ninths)
		at[i] = 1.0 / ninths
	}
	// As if one more number were uniform: so the maximum is finite.
	seen = mix(seen, at, n/(n+1))
	moments := func(p [ninths]float64) (m [5]float64) { // of orders 0 to 4
		for i, q := range p {
			for k := range m {
				m[k] += q
				q *= score[i]
			}
		}
		return m
	}
	want := moments(seen)
	density := func(a, b float64) (p [ninths]float64) {
		total := 0.0
		for i, z := range score {
			p[i] = math.Exp(float64(a*z) + float64(b*z*z))
			total += p[i]
		}
		for i := range p {
			p[i] /= total
		}
		return p
	}
	a, b := 0.0, 0.0
	for range 50 { // Newton's method, with steps that improve the likelihood
		m := moments(at)
		g1, g2 := want[1]-m[1], want[2]-m[2]
		v11, v12, v22 := m[2]-float64(m[1]*m[1]), m[3]-float64(m[1]*m[2]), m[4]-float64(m[2]*m[2])
		det := float64(v11*v22) - float64(v12*v12)
		da, db := (float64(v22*g1)-float64(v12*g2))/det, (float64(v11*g2)-float64(v12*g1))/det
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
		for step := 1.0; step > 1e-6; step /= 2 {
			next := density(a+float64(step*da), b+float64(step*db))
			if deviance(seen, next, 1) < deviance(seen, at, 1) {
				a, b, at = a+float64(step*da), b+float64(step*db), next
				break
			}
		}
	}
	return at
}
