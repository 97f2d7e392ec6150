package report

import (
	"fmt"

	"github.com/gpstorm/gpstorm/campaign/rare"
)

// RateText is an estimated rate with its interval, or the bound on it.
func RateText(e *rare.Estimate) string {
	if !e.Reached {
		return fmt.Sprintf("below %.2g", e.Interval.Hi)
	}
	return fmt.Sprintf("%.2g [%.1g, %.1g]", e.Rate, e.Interval.Lo, e.Interval.Hi)
}
