package campaign

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzResults reads any bytes as a results file: it never panics, every error is
// one line, and the prefix that resume keeps is a valid file.
func FuzzResults(f *testing.F) {
	p := testPlan(1)
	path := filepath.Join(f.TempDir(), "results.jsonl")
	if _, err := Run(context.Background(), p, in(synthetic), Options{Out: path}); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(whole[:30])
	f.Add([]byte(`{"gpstorm":"results/2","world":"test","facts":{"measures":["ipis"]},"variations":1,"scenarios":[{}],"fixes":[{}],"shard":{"index":1,"of":9}}` + "\n"))
	h := headOf(p)
	f.Fuzz(func(t *testing.T, b []byte) {
		read := 0
		rd, err := newReader("fuzzed", bytes.NewReader(b))
		for err == nil {
			if _, err = rd.next(); err == nil {
				read++
			}
		}
		if err != io.EOF && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of several lines: %q", err)
		}
		if rd != nil && read > rd.head.Trials() {
			t.Errorf("read %d trials of a campaign of %d", read, rd.head.Trials())
		}

		kept := 0
		end, err := readResults("fuzzed", bytes.NewReader(b), &h, func(outcome) { kept++ })
		if err != nil {
			return
		}
		again := 0
		if end2, err := readResults("fuzzed", bytes.NewReader(b[:end]), &h, func(outcome) { again++ }); err != nil || end2 != end || again != kept {
			t.Errorf("keeps %d bytes and %d trials, of which %d bytes and %d trials read back: %v", end, kept, end2, again, err)
		}
	})
}
