package trial

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var tokens = map[string]Token{
	"zero":   {},
	"preset": {World: "kernel", Fix: "baseline", Seed: 7, Checksum: 0x0123456789abcdef, Scenario: "repro2", Variation: 12, Digest: 99},
	"body": {World: "kernel", Fix: "callrcu+overlap", Seed: math.MaxUint64, Checksum: math.MaxUint64, Scenario: "own",
		Variation: -1, Digest: math.MaxUint64, Body: []byte(strings.Repeat("storms:\n- source: nmi\n  period: 1ms\n", 40))},
	"binary":  {World: "order", Body: []byte{0, 255, 0, 10, 13}},
	"largest": {World: "live", Body: make([]byte, maxBody)},
}

func TestTokenComesBackAsItWas(t *testing.T) {
	word := regexp.MustCompile(`^gps1\.[A-Za-z0-9_-]*$`)
	for name, want := range tokens {
		s := want.String()
		if !word.MatchString(s) {
			t.Errorf("%s: %q is not one paste-safe word", name, s)
		}
		got, err := ParseToken(" " + s + "\n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
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

// seal makes a token of raw fields, with a check sum that matches.
func seal(fields []byte) string {
	b := binary.LittleEndian.AppendUint32(bytes.Clone(fields), crc32.Checksum(fields, castagnoli))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

func TestBadTokenIsOneClearLine(t *testing.T) {
	// A body that announces one byte and unpacks to a million.
	head := append([]byte{0, 0, 0}, make([]byte, 16)...)
	head = append(head, 0)
	head = append(head, make([]byte, 8)...)
	bomb := append(append(bytes.Clone(head), 1), deflate(make([]byte, maxBody))...)
	huge := append(binary.AppendUvarint(bytes.Clone(head), maxBody+1), deflate(nil)...)

	for _, c := range []struct{ name, in, want string }{
		{"empty", "", `token "": want a word that starts with "gps1."`},
		{"another version", "gps9.AAAA", `token "gps9.AAAA": want a word that starts with "gps1."`},
		{"not base64", "gps1.%%%%", `token "gps1.%%%%": not base64url: the token is cut or altered`},
		{"no check sum", "gps1.AAAA", `token "gps1.AAAA": its check sum does not match: the token is cut or altered`},
		{"too long", "gps1." + strings.Repeat("A", maxToken), `token "gps1.AAAAAAAAAAAAAAAAAAA...AAAAAAAA": 1048581 bytes long, allowed are 1048576`},
		{"no fields", seal(nil), `world: cut short or out of range`},
		{"long name", seal([]byte{200, 2}), `world: cut short or out of range`},
		{"no seed", seal([]byte{0, 0, 0, 1}), `seed: cut short or out of range`},
		{"body bomb", seal(bomb), `body: unpacks to something else than the 1 bytes announced`},
		{"body too large", seal(huge), `body of 1048577 bytes, allowed are 1048576`},
		{"no deflate", seal(append(bytes.Clone(head), 4, 255, 255)), `body: not a deflate stream`},
		{"bytes after no body", seal(append(bytes.Clone(head), 0, 1)), `1 bytes follow the last field, allowed is none`},
		{"bytes after the body", seal(append(append(append(bytes.Clone(head), 2), deflate([]byte("ab"))...), 9)), `body: 1 bytes follow it, allowed is none`},
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
