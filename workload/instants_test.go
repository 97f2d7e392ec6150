package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSingleSamplesEncodeDecodeAndVaryToThemselves(t *testing.T) {
	t.Parallel()
	sc, err := Decode([]byte(strings.Replace(base, "period: 10us\n", "at: [1s, 1.5s, 2000000001ns]\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	text := Encode(sc)
	if !strings.Contains(string(text), "at: [1s, 1.5s, 2.000000001s]") {
		t.Errorf("not in one line:\n%s", text)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sc, again); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(sc.Storms, Vary(sc, 3, 1).Storms); d != "" {
		t.Errorf("a variation moves single samples: %s", d)
	}
	sc.clone().Storms[0].At[0] = 0
	if sc.Storms[0].At[0] == 0 {
		t.Error("a clone shares the instants")
	}
}
