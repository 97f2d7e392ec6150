package report

import "testing"

func TestACellHasAKeyOnlyWhereItsTextDoesNotSort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cell cell
		want string
	}{
		{cell{Text: "46% [26%, 67%]", Sort: 0.4583}, ""},
		{cell{Text: "46%", Sort: 0.47}, "0.47"},
		{cell{Text: "0%", Small: "[0, 14]"}, ""},
		{cell{Text: "<0.1%", Sort: 0.0002}, "0.0002"},
		{cell{Text: ">292s", Sort: 292.1e9}, ""},
		{cell{Text: "230us", Sort: 230_049}, ""},
		{cell{Text: "7.49s / 292s", Sort: 7.489e9}, ""},
		{cell{Text: "7.49s", Sort: 7.489e10}, "7.489e10"},
		{cell{Text: "-50 pt", Sort: -0.5}, ""},
		{cell{Text: "+4 pt", Sort: 1.0 / 24}, ""},
		{cell{Text: "0.93x [0.91, 0.96]", Sort: 0.931}, ""},
		{cell{Text: "1 + 2", Sort: 3}, "3"},
		{cell{Text: nothing}, ""},
		{cell{Text: undecided, Sort: -1.0 / 24}, "-0.04167"},
	} {
		if got := c.cell.Key(); got != c.want {
			t.Errorf("%+v has the key %q, want %q", c.cell, got, c.want)
		}
	}
}
