package wire

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines returns the lines of two records.
func lines(t *testing.T) (first, second string, records []Record) {
	t.Helper()
	records = []Record{{Fault: &Fault{Case: 1, Text: "no\nsuch tracepoint"}}, {End: &End{Cases: 2}}}
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	first, second, _ = strings.Cut(b.String(), "\n")
	return first + "\n", second, records
}

func TestRecordsAreReadAmongLinesOfAKernel(t *testing.T) {
	t.Parallel()
	first, second, want := lines(t)
	for name, text := range map[string]string{
		"alone":              first + second,
		"among others":       "[    1.0] usb: none\n" + first + "\nx\n" + second + "half a li",
		"after half a one":   "[    1.0] usb" + first + second,
		"from a serial line": strings.ReplaceAll(first+second, "\n", "\r\n"),
	} {
		var r Reader
		var got []Record
		for i := range text { // byte by byte
			got = append(got, r.Feed([]byte{text[i]})...)
		}
		if diff := cmp.Diff(want, got); diff != "" || r.Err() != nil {
			t.Errorf("%s: %v\n%s", name, r.Err(), diff)
		}
	}
}

func TestDamagedRecordsAreNoticed(t *testing.T) {
	t.Parallel()
	first, second, want := lines(t)
	for _, c := range []struct {
		name, text string
		read       []Record
		err        string
	}{
		{"a kernel line in the middle", first[:30] + "[ 9.1] BUG\n" + first[30:] + second, want[1:], "a record is torn"},
		{"a byte changed", strings.Replace(first, "tracepoint", "tracepaint", 1) + second, want[1:], "a record is torn"},
		{"one lost", second, want[1:], "record 1 follows record -1"},
		{"no number", mark + "\n" + first + second, want, "a record is torn"},
		{"cut off", first + second[:len(second)-3], want[:1], ""},
		{"two torn", first[:30] + "\n" + second[:30] + "\n", nil, ", and 1 more"},
	} {
		var r Reader
		got := r.Feed([]byte(c.text))
		if diff := cmp.Diff(c.read, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if text := fmt.Sprint(r.Err()); c.err == "" && r.Err() != nil || !strings.Contains(text, c.err) && c.err != "" {
			t.Errorf("%s: %v, want %q", c.name, text, c.err)
		}
	}
}

func TestARecordOfAnotherBuildIsRefused(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := NewWriter(&b).Write(Record{End: &End{}}); err != nil {
		t.Fatal(err)
	}
	body := `{"end":{"cases":0},"new":1}`
	line := strings.Replace(b.String(), `{"end":{"cases":0}}`, body, 1)
	fields := strings.SplitN(line, " ", 5)
	fields[2], fields[3] = fmt.Sprint(len(body)), fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body)))
	var r Reader
	if got := r.Feed([]byte(strings.Join(fields, " "))); got != nil || r.Err() == nil || !strings.Contains(r.Err().Error(), "same build") {
		t.Errorf("%v, %v", got, r.Err())
	}
}
