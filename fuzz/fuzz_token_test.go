package fuzz

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
)

// FuzzToken gives the token parser any bytes, and makes a token of any fields.
// What parses, prints and parses to the same; what does not is refused in one
// line.
func FuzzToken(f *testing.F) {
	f.Add([]byte(trial.Token{}.String()))
	f.Add([]byte(trial.Token{World: "kernel", Subject: "baseline", Seed: 7, Checksum: 9, Scenario: "repro2", Variation: 3, Digest: 5}.String()))
	f.Add([]byte(trial.Token{World: "kernel", Scenario: "repro2", Draws: []seed.Draw{{Stream: "storm 0 phase", Index: 3, Value: 1 << 63}}}.String()))
	f.Add([]byte("gps1.Bmtlcm5lbAhiYXNlbGluZQZyZXBybzIHAAAAAAAAAO_Nq4lnRSMBGGMAAAAAAAAAAEh_lK8"))
	f.Add([]byte(trial.Token{World: "order", Body: bytes.Repeat([]byte("schedule "), 50)}.String()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if tok, err := trial.ParseToken(string(data)); err == nil {
			roundTrip(t, tok)
		} else if msg := err.Error(); strings.ContainsAny(msg, "\n\r") || len(msg) > 300 || !strings.HasPrefix(msg, "token: ") {
			t.Fatalf("not one clear line: %q", msg)
		}
		roundTrip(t, tokenOf(data))
	})
}

func roundTrip(t *testing.T, tok trial.Token) {
	t.Helper()
	s := tok.String()
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		t.Fatalf("not paste-safe: %q", s)
	}
	again, err := trial.ParseToken(s)
	if err != nil {
		t.Fatalf("%s does not parse: %v", s, err)
	}
	if d := cmp.Diff(tok, again); d != "" {
		t.Fatalf("%s (-want +got)\n%s", s, d)
	}
}

// tokenOf fills the fields with bytes: the first 32 are numbers, the rest the
// names and the body.
func tokenOf(data []byte) trial.Token {
	var numbers [32]byte
	rest := data[copy(numbers[:], data):]
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(numbers[8*i:]) }
	name := func() string {
		n := 0
		if len(rest) > 0 {
			n = min(int(rest[0]), len(rest)-1)
			rest = rest[1:]
		}
		s := string(rest[:n])
		rest = rest[n:]
		return s
	}
	tok := trial.Token{Seed: word(0), Checksum: trial.Checksum(word(1)), Variation: int(int64(word(2))), Digest: word(3)}
	tok.World, tok.Subject, tok.Scenario = name(), name(), name()
	for n := int(tok.Seed % 5); n > 0; n-- {
		tok.Draws = append(tok.Draws, seed.Draw{Stream: name(), Index: int(tok.Digest>>n) & math.MaxInt32, Value: tok.Seed << n})
	}
	if len(rest) > 0 {
		tok.Body = rest
	}
	return tok
}
