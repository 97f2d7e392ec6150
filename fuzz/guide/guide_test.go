package guide

import (
	"hash/fnv"
	"os"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Other situations, other marks, with next to no two that share one; and what is
// not told apart shares it.
func TestSituationsHaveMarksOfTheirOwn(t *testing.T) {
	marks := map[int]map[fold]bool{}
	all := map[fold]bool{}
	see := func(f fold) {
		if m := f.mark(); m < 0 || m >= markCount {
			t.Fatalf("%#x has mark %d of %d", f, m, markCount)
		} else if marks[m] == nil {
			marks[m] = map[fold]bool{}
		}
		marks[f.mark()][f], all[f] = true, true
	}
	for _, sc := range workload.Presets() {
		for _, fix := range fixes.All()[:3] {
			kernel.Run(sc, fix, 1, kernel.Options{MaxSteps: 20_000, Observe: func(s *kernel.Situation) {
				see(gracePeriods(s))
				see(wait(s))
			}})
		}
	}
	if len(all) < 200 {
		t.Errorf("%d situations in all presets", len(all))
	}
	if shared := len(all) - len(marks); shared > len(all)/20 {
		t.Errorf("%d of %d situations share a mark", shared, len(all))
	}
}

func TestWhatIsNotToldApart(t *testing.T) {
	a := kernel.Situation{Closing: 2, Duty: 0.6, Domains: []kernel.DomainSituation{{Phase: 1, Others: 2}, {}}, CauseDomain: 1}
	b := a
	b.Closing, b.Duty, b.OwingCPUs = 5, 0.8, 1
	if gracePeriods(&a) != gracePeriods(&b) || wait(&a) != wait(&b) {
		t.Error("more is more, most is most")
	}
	b.Domains = []kernel.DomainSituation{{Phase: 1, Others: 1}, {}}
	if gracePeriods(&a) == gracePeriods(&b) {
		t.Error("one reader inside is not two")
	}
	b = a
	b.Duty = 0.95
	if wait(&a) == wait(&b) {
		t.Error("nearly all is not most")
	}
}

func TestMarkTakesAnyNumber(t *testing.T) {
	for _, m := range []int{0, 255, 256, markCount - 1, markCount, -1} {
		mark(m)
	}
}

// FuzzMark makes one mark of any input. Each has a counter of its own if the
// fuzzer finds as many interesting inputs as there are marks, and one more, the
// first. It is there for that measurement alone: see docs/fuzzing.md.
func FuzzMark(f *testing.F) {
	if os.Getenv("GPSTORM_MEASURE") != "on" {
		f.Skip("a measurement")
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		h := fnv.New32a()
		h.Write(data)
		mark(int(h.Sum32() >> 8))
	})
}
