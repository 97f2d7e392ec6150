package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
)

// Nulls are the controls of the live world. Each lacks one thing that every strategy
// needs, and must be seen to fail in every campaign, or the campaign shows nothing
// about the others: that machine, at that time, would not have shown their bugs
// either.
func Nulls() []fixes.Fix {
	return []fixes.Fix{
		{
			Name: "null-barrier", Claim: "nothing orders the two sums of a scan", Source: "planted bug",
			Barrier: none, Control: fixes.MustBeUnsafe,
		},
		{
			Name: "null-scan", Claim: "a grace period looks for readers once, before the flip, and not after it", Source: "planted bug",
			Side: blindSecond, Barrier: fixes.Membarrier, Control: fixes.MustBeUnsafe,
		},
		{
			Name: "null-wakeup", Claim: "nothing resumes a scan that has waited", Source: "planted bug",
			Barrier: noResume, Control: fixes.MustHang,
		},
	}
}
