package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// leadingFigure is the number at the beginning of a text, with its unit. The page's script
// has the same expression and the same units.
var leadingFigure = regexp.MustCompile(`^[<>+]?(-?\d+(?:\.(\d+))?)(ns|us|ms|s|%| pt)?`)

// units are in nanoseconds for times; a share is 1 for the whole.
var units = map[string]float64{"": 1, "ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "%": 0.01, " pt": 0.01}

// Key returns the figure by which the page's script sorts a cell. It is empty if the
// cell's text begins with that figure.
func (c cell) Key() string {
	value, half := 0.0, 0.0 // a text without a figure sorts as 0
	if m := leadingFigure.FindStringSubmatch(c.text()); m != nil {
		v, _ := strconv.ParseFloat(m[1], 64) // the expression matches only numbers
		unit := units[m[3]]
		value, half = v*unit, 0.5*unit*math.Pow10(-len(m[2]))
	}
	if math.Abs(value-c.Sort) <= half*(1+1e-9) {
		return ""
	}
	return strings.Replace(strconv.FormatFloat(c.Sort, 'g', 4, 64), "e+", "e", 1)
}
