package trial

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/seed"
)

var tokens = map[string]Token{
	"zero":   {},
	"preset": {World: "kernel", Subject: "baseline", Seed: 7, Checksum: 0x0123456789abcdef, Scenario: "repro2", Variation: 12, Digest: 99},
	"body": {World: "kernel", Subject: "callrcu+overlap", Seed: math.MaxUint64, Checksum: math.MaxUint64, Scenario: "own",
		Variation: -1, Digest: math.MaxUint64, Body: []byte(strings.Repeat("storms:\n- source: nmi\n  period: 1ms\n", 40))},
	"binary":  {World: "order", Body: []byte{0, 255, 0, 10, 13}},
	"largest": {World: "live", Body: make([]byte, maxBody)},
	"draws": {World: "kernel", Subject: "poll", Scenario: "repro2", Digest: 99, Draws: []seed.Draw{
		{Stream: "storm 0 phase", Index: 0, Value: math.MaxUint64}, {Stream: "storm 0 phase", Index: 2}, {Stream: "", Index: math.MaxInt32, Value: 1},
	}},
	"draws and body": {World: "kernel", Draws: []seed.Draw{{Stream: "x"}}, Body: []byte("name: own\n")},
	"most draws":     {World: "kernel", Draws: make([]seed.Draw, maxDraws)},
}

func TestTokenComesBackAsItWas(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^gps2\.[A-Za-z0-9_-]*$`)
	for name, want := range tokens {
		s := want.String()
		if !word.MatchString(s) {
			t.Errorf("%s: %q is not one paste-safe word", name, s)
		}
		got, err := ParseToken(" " + s + "\n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(want, got) { // much faster than cmp.Diff
			t.Errorf("%s: (-want +got)\n%s", name, cmp.Diff(want, got))
		}
	}
}

func TestTokenOfAPresetIsShort(t *testing.T) {
	if s := tokens["preset"].String(); len(s) > 90 {
		t.Errorf("%d bytes: %s", len(s), s)
	}
	if body, s := tokens["body"].Body, tokens["body"].String(); len(s) > len(body)/4 {
		t.Errorf("a body of %d repetitive bytes makes a token of %d", len(body), len(s))
	}
}

func TestTokenStandsInJSON(t *testing.T) {
	want := tokens["preset"]
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Token
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnyAlteredCharacterIsNoticed(t *testing.T) {
	s := tokens["preset"].String()
	for i := range s {
		for _, c := range "A_z" {
			altered := s[:i] + string(c) + s[i+1:]
			if altered == s {
				continue
			}
			if _, err := ParseToken(altered); err == nil {
				t.Errorf("character %d changed to %c: accepted", i, c)
			}
		}
		if _, err := ParseToken(s[:i]); err == nil {
			t.Errorf("cut to %d characters: accepted", i)
		}
	}
}

// A token of the first form stays readable and keeps its meaning.
func TestTokenOfTheFirstFormStaysReadable(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Token{
		"gps1.Bmtlcm5lbAhiYXNlbGluZQZyZXBybzIHAAAAAAAAAO_Nq4lnRSMBGGMAAAAAAAAAAEh_lK8": tokens["preset"],
		"gps1.BW9yZGVyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABWL4z8DFCwgAAP__3YZlow":      tokens["binary"],
	} {
		got, err := ParseToken(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", s, d)
		}
	}
}

func TestATokenIsRecognisedByItsBeginning(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"gps1.": true, " gps2.AAAA\n": true, "gps7.x": true, "gps12.": true,
		"": false, "gps.x": false, "gpsx.y": false, "gps1": false, "repro2": false, "./gps1.yaml": false, "xgps1.A": false,
	} {
		if IsToken(s) != want {
			t.Errorf("%q: a token is %t, want %t", s, !want, want)
		}
	}
}

// seal makes a token of the given form from raw fields, with a correct check sum.
func seal(prefix string, fields []byte) string {
	b := binary.LittleEndian.AppendUint32(bytes.Clone(fields), crc32.Checksum(fields, castagnoli))
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

func TestBadTokenIsOneClearLine(t *testing.T) {
	// A body that announces one byte and unpacks to a million.
	head := append([]byte{0, 0, 0}, make([]byte, 16)...)
	head = append(head, 0)
	head = append(head, make([]byte, 8)...)
	bomb := append(append(bytes.Clone(head), 1), deflate(make([]byte, maxBody))...)
	huge := append(binary.AppendUvarint(bytes.Clone(head), maxBody+1), deflate(nil)...)

	// In the second form the size of the draws comes before that of the body.
	packed := func(draws, body uint64, packed []byte) []byte {
		b := binary.AppendUvarint(binary.AppendUvarint(bytes.Clone(head), draws), body)
		return append(b, deflate(packed)...)
	}
	oneDraw := append([]byte{1, 'x', 0}, make([]byte, 8)...)
	tooMany := bytes.Repeat(append([]byte{0, 0}, make([]byte, 8)...), maxDraws+1)

	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `token: "": want a word that starts with gps1. or gps2.`},
		{"no token", "repro2", `token: repro2: want a word that starts with gps1. or gps2.`},
		{"another version", "gps7.AAAA", `token: gps7.AAAA: want version gps1 or gps2: a newer gpstorm wrote it`},
		{"not base64", "gps1.%%%%", `token: gps1.%%%%: want base64url: the token is cut or altered`},
		{"no check sum", "gps2.AAAA", `token: gps2.AAAA: want its check sum to match: the token is cut or altered`},
		{"too long", "gps1." + strings.Repeat("A", maxToken), `token: gps1.AAAAAAAAAAAAAAAAAAA...AAAAAAAA: want at most 1048576 bytes, not 1048581`},
		{"no fields", seal("gps1.", nil), `world: cut short or out of range`},
		{"long name", seal("gps1.", []byte{200, 2}), `world: cut short or out of range`},
		{"no seed", seal("gps1.", []byte{0, 0, 0, 1}), `seed: cut short or out of range`},
		{"body bomb", seal("gps1.", bomb), `body: want the 1 bytes announced once unpacked`},
		{"body too large", seal("gps1.", huge), `body: 1048577: want at most 1048576`},
		{"no deflate", seal("gps1.", append(bytes.Clone(head), 4, 255, 255)), `body: want a deflate stream`},
		{"bytes after no body", seal("gps1.", append(bytes.Clone(head), 0, 1)), `want no bytes after the last field, not 1`},
		{"bytes after the body", seal("gps1.", append(append(append(bytes.Clone(head), 2), deflate([]byte("ab"))...), 9)), `body: want no bytes after it, not 1`},
		{"draws too large", seal("gps2.", packed(maxDrawsSize+1, 0, nil)), `draws: 1048577: want at most 1048576`},
		{"draws bomb", seal("gps2.", packed(11, 0, make([]byte, maxBody))), `body: want the 11 bytes announced once unpacked`},
		{"too many draws", seal("gps2.", packed(uint64(len(tooMany)), 0, tooMany)), `draws: want at most 65536`},
		{"a draw cut short", seal("gps2.", packed(10, 0, oneDraw[:10])), `draws: value: cut short or out of range`},
		{"a draw too far", seal("gps2.", packed(6, 0, []byte{0, 255, 255, 255, 255, 15})), `draws: index: 4294967295: want at most 2147483647`},
		{"no size of the body", seal("gps2.", append(bytes.Clone(head), 0)), `body: cut short or out of range`},
	} {
		_, err := ParseToken(c.in)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if got := err.Error(); !strings.HasSuffix(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want ... %q", c.name, got, c.want)
		}
	}
}
