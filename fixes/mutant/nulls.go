package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/seam"
)

// Nulls returns the controls of the live world. Each lacks a property that every
// strategy needs, and must fail in every campaign. Otherwise the campaign proves
// nothing about the strategies: the machine would not have shown their bugs either.
// A build whose readers count atomically does not have null-barrier, which lacks
// nothing there.
func Nulls() (all []fixes.Fix) {
	if seam.PlainCounters {
		all = append(all, fixes.Fix{
			Name: "null-barrier", Claim: "nothing orders the two sums of a scan", Source: "planted bug",
			Barrier: none, Control: fixes.MustBeUnsafe,
		})
	}
	return append(all, []fixes.Fix{
		{
			Name: "null-scan", Claim: "a grace period looks for readers once, before the flip, and not after it", Source: "planted bug",
			Side: blindSecond, Barrier: fixes.Membarrier, Control: fixes.MustBeUnsafe,
		},
		{
			Name: "null-wakeup", Claim: "nothing resumes a scan that has waited", Source: "planted bug",
			Barrier: noResume, Control: fixes.MustHang,
		},
	}...)
}
