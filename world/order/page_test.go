package order_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
)

// TestPage: the page of a counterexample has a row for each step, marks the reordering,
// contains the command that replays it, and needs no other file.
func TestPage(t *testing.T) {
	t.Parallel()
	f := order.Minimise(t.Context(), find(t, order.For(fenceOnly(), 1, 1, order.TSO)))
	var b bytes.Buffer
	if err := f.WriteHTML(&b, "gpstorm"); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	lines, err := f.Trace()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(page, `<td class="n">`); got != len(lines) {
		t.Errorf("%d rows, want %d", got, len(lines))
	}
	for _, want := range []string{
		"use-after-free", "gpstorm replay " + f.Token().String(), "cpu0: fast reader", "total store order",
		`<tr class="violation">`, "&raquo; before its &#34;inc L[rank]&#34;", "1 of them reorderings",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	for _, outside := range []string{"src=", "href=", "url(", "@import", "<script"} {
		if strings.Contains(page, outside) {
			t.Errorf("%q in the page: want nothing from outside", outside)
		}
	}
}
