package workload

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVariationZeroIsTheScenario(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		if d := cmp.Diff(sc, Vary(sc, 0, 99)); d != "" {
			t.Errorf("%s: %s", sc.Name, d)
		}
	}
}

func TestVariationsAreValidAndDiffer(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		before := string(Encode(sc))
		seen := map[string]int{before: 0}
		for n := 1; n <= trials(60); n++ {
			v := Vary(sc, n, 6)
			if err := v.Validate(); err != nil {
				t.Fatalf("%s, variation %d: %v", sc.Name, n, err)
			}
			if v.Name != sc.Name || v.Machine != sc.Machine || v.Horizon != sc.Horizon {
				t.Fatalf("%s, variation %d is another machine or another class", sc.Name, n)
			}
			text := string(Encode(v))
			if m, ok := seen[text]; ok {
				t.Errorf("%s: variations %d and %d are the same", sc.Name, m, n)
			}
			seen[text] = n
		}
		if string(Encode(sc)) != before {
			t.Errorf("%s: Vary changed its argument", sc.Name)
		}
	}
}

// Random scenarios have values at the limits more often than presets.
func TestVariationsOfAnyScenarioAreValid(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range trials(20_000) {
		b := make([]byte, FuzzBytes)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		sc, _ := FromBytes(b)
		if err := Vary(sc, 1, r.Uint64()).Validate(); err != nil {
			t.Fatalf("%v\n%s", err, Encode(sc))
		}
	}
}

func TestVariationsOfExtremesAreValid(t *testing.T) {
	t.Parallel()
	sc := Scenario{
		Name: "x", Machine: Default().Machine, Horizon: maxHorizon, Drain: maxDrain,
		Storms: []Storm{
			{Source: HRTimer, Period: minHRTimerPeriod, Handler: minHRTimerPeriod - 1, Events: maxEvents},
			{Source: NMI, Period: minNMIPeriod, Handler: MinHandler, Growth: 1000, GrowthEvery: time.Hour, HandlerMax: MaxHandler},
			{Source: HRTimer, Period: time.Hour, Handler: MaxHandler, From: time.Second, Until: time.Second + 1},
		},
		Tasks: []Tasks{
			{Name: "a", Count: 128, Reads: ReadsRCU, Section: time.Microsecond},
			{Name: "b", Count: 127, Reads: ReadsRCU, Section: 100, Gap: 900, Sleep: time.Microsecond, SleepEvery: 1},
			{Name: "c", Count: 1, Gap: time.Hour},
		},
		Closers: []Closers{
			{Name: "d", Count: 32, Repeat: 300, Start: time.Hour / 2, Jitter: time.Hour / 2},
			{Name: "e", Count: 32, Pause: time.Hour, Start: time.Hour},
		},
		RCULoad: []RCULoad{{Kind: RequestCall, Period: 10 * us}, {Kind: RequestSync, Period: time.Hour}},
	}
	if err := sc.Validate(); err != nil {
		t.Fatal(err)
	}
	for n := range 5_000 {
		if err := Vary(sc, n, 3).Validate(); err != nil {
			t.Fatalf("variation %d: %v", n, err)
		}
	}
}

func TestAKnobsDrawIsItsOwn(t *testing.T) {
	t.Parallel()
	sc, _ := Preset("heavy")
	want := Vary(sc, 4, 8)
	sc.Tasks[0].Sleep, sc.Tasks[0].SleepEvery = time.Second, 1 // one more draw
	got := Vary(sc, 4, 8)
	got.Tasks[0].Sleep, got.Tasks[0].SleepEvery = 0, 0
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("drawing for one knob moved others:\n%s", d)
	}
}

// The samples' share of the time changes by up to an octave of its odds: 60 % is
// 3:2, so between 3:4 and 3:1.
func TestALoadVariesAroundItself(t *testing.T) {
	t.Parallel()
	sc, _ := Preset("medium")
	low, high := 1.0, 0.0
	for n := 1; n <= 300; n++ {
		s := Vary(sc, n, 1).Storms[0]
		duty := float64(s.Handler) / float64(s.Period)
		low, high = min(low, duty), max(high, duty)
	}
	if low < 0.42 || low > 0.44 || high < 0.74 || high > 0.76 {
		t.Errorf("load between %.3f and %.3f, want 3/7 to 3/4", low, high)
	}
}
