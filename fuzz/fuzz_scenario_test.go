package fuzz

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gpstorm/gpstorm/testdata"
	"github.com/gpstorm/gpstorm/workload"
)

// FuzzScenario gives the YAML decoder any bytes. It refuses in one line, or
// accepts a valid scenario that encoding and decoding give back unchanged and
// whose variations are valid too.
func FuzzScenario(f *testing.F) {
	files, err := testdata.Scenarios.ReadDir("scenarios")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := testdata.Scenarios.ReadFile("scenarios/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(tt *testing.T, data []byte) {
		t := &witness{T: tt, target: "FuzzScenario"}
		defer t.keep(data)
		sc, err := workload.Decode(data)
		if err != nil {
			var e *workload.Error
			if msg := err.Error(); !errors.As(err, &e) || strings.ContainsAny(msg, "\n\r\t") || len(msg) > 1000 || e.Want == "" {
				t.Fatalf("not one clear line: %q", msg)
			}
			return
		}
		if err := sc.Validate(); err != nil {
			t.Fatalf("decodes, but is not valid: %v", err)
		}
		text := workload.Encode(sc)
		again, err := workload.Decode(text)
		if err != nil {
			t.Fatalf("encodes to what does not decode: %v\n%s", err, text)
		}
		if d := cmp.Diff(sc, again); d != "" {
			t.Fatalf("encodes to something else (-want +got)\n%s\n%s", d, text)
		}
		if b := workload.Encode(again); !bytes.Equal(b, text) {
			t.Fatalf("no canonical form:\n%s\n%s", text, b)
		}
		if err := workload.Vary(sc, 1, workload.Digest(sc)).Validate(); err != nil {
			t.Fatalf("a variation is not valid: %v\n%s", err, text)
		}
	})
}
