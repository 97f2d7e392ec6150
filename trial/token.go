package trial

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"regexp"
	"strings"
	"sync"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/seed"
)

// Token names one trial completely, with the checksum that it must reproduce.
type Token struct {
	World   string // "kernel", "order", ...
	Subject string // name of the system under test, for example a candidate
	Seed    uint64
	// Checksum is the trial's checksum; 0 if it is unknown, or if the world is not
	// reproducible.
	Checksum Checksum
	// Scenario and Variation name a preset and its variation.
	Scenario  string
	Variation int
	// Digest identifies the content of the preset, so that a changed preset is
	// detected; 0 if there is none.
	Digest uint64
	// Draws replace single numbers of the seed. A trial in which every number is
	// replaced has no seed.
	Draws []seed.Draw
	// Body is the scenario itself, in the form of its world; empty if the preset's
	// name is enough.
	Body []byte
}

// The forms of a token. ParseToken reads both; String writes the second.
const (
	tokenPrefix1 = "gps1."
	tokenPrefix  = "gps2."
)

const (
	// maxToken, maxBody and maxDraws limit the input of ParseToken: bytes, unpacked
	// bytes, and numbers.
	maxToken = 1 << 20
	maxBody  = 1 << 20
	maxDraws = 1 << 16
	maxName  = 255
	// maxDrawsSize limits the unpacked draws, in bytes.
	maxDrawsSize = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tokenForm matches the beginning of a token of any version.
var tokenForm = regexp.MustCompile(`^gps[0-9]+\.`)

// IsToken reports whether s looks like a token of any version.
func IsToken(s string) bool { return tokenForm.MatchString(strings.TrimSpace(s)) }

// String returns the token as one word of letters, digits, '.', '-' and '_'.
//
// The word is "gps2." and the base64url form of: the names (length, bytes) of
// world, subject and scenario, seed, checksum, variation, digest, the sizes of
// the draws and of the body, draws and body deflated together, and a CRC-32C
// of all that. A draw is its stream's name, its index, and 8 bytes of value. In
// the older form, "gps1.", there are no draws and no size of them.
func (t Token) String() string {
	var draws []byte
	for _, d := range t.Draws {
		draws = appendName(draws, d.Stream)
		draws = binary.AppendUvarint(draws, uint64(d.Index))
		draws = binary.LittleEndian.AppendUint64(draws, d.Value)
	}
	b := make([]byte, 0, 64+len(draws)+len(t.Body)/2)
	for _, s := range []string{t.World, t.Subject, t.Scenario} {
		b = appendName(b, s)
	}
	b = binary.LittleEndian.AppendUint64(b, t.Seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.Checksum))
	b = binary.AppendVarint(b, int64(t.Variation))
	b = binary.LittleEndian.AppendUint64(b, t.Digest)
	b = binary.AppendUvarint(b, uint64(len(draws)))
	b = binary.AppendUvarint(b, uint64(len(t.Body)))
	if packed := append(draws, t.Body...); len(packed) > 0 {
		b = append(b, deflate(packed)...)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

func appendName(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// ParseToken reads a token of either form. It allows white space around the token,
// which pasting often adds.
func ParseToken(s string) (Token, error) {
	s = strings.TrimSpace(s)
	fail := func(format string, args ...any) (Token, error) {
		return Token{}, named.Wrong("token", abbreviate(s), format, args...)
	}
	version, text, _ := strings.Cut(s, ".")
	version += "."
	switch {
	case !IsToken(s):
		return fail("a word that starts with %s or %s", tokenPrefix1, tokenPrefix)
	case version != tokenPrefix1 && version != tokenPrefix:
		return fail("version gps1 or gps2: a newer gpstorm wrote it")
	case len(s) > maxToken:
		return fail("at most %d bytes, not %d", maxToken, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return fail("base64url: the token is cut or altered")
	}
	if len(b) < 4 || crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return fail("its check sum to match: the token is cut or altered")
	}
	t, err := decodeToken(b[:len(b)-4], version == tokenPrefix)
	if err != nil {
		return Token{}, fmt.Errorf("token: %s: %w", named.Show(abbreviate(s)), err)
	}
	return t, nil
}

// MarshalText is String, for tokens in JSON.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseToken.
func (t *Token) UnmarshalText(b []byte) (err error) {
	*t, err = ParseToken(string(b))
	return err
}

// decodeToken reads the fields. The check sum has matched already, so an error
// means that another version, or a person, wrote them.
func decodeToken(b []byte, hasDraws bool) (Token, error) {
	var t Token
	r := fields{b: b}
	t.World = r.name("world")
	t.Subject = r.name("subject")
	t.Scenario = r.name("scenario")
	t.Seed = r.uint64("seed")
	t.Checksum = Checksum(r.uint64("checksum"))
	t.Variation = r.int("variation")
	t.Digest = r.uint64("digest")
	var draws uint64
	if hasDraws {
		draws = r.size("draws", maxDrawsSize)
	}
	body := r.size("body", maxBody)
	if r.err != nil {
		return t, r.err
	}
	if draws+body == 0 {
		if len(r.b) > 0 {
			return t, fmt.Errorf("want no bytes after the last field, not %d", len(r.b))
		}
		return t, nil
	}
	packed, err := inflate(r.b, int(draws+body))
	if err != nil {
		return t, err
	}
	if t.Draws, err = decodeDraws(packed[:draws]); err != nil {
		return t, err
	}
	if body > 0 {
		t.Body = packed[draws:]
	}
	return t, nil
}

func decodeDraws(b []byte) (draws []seed.Draw, err error) {
	for r := (fields{b: b}); len(r.b) > 0; {
		d := seed.Draw{Stream: r.name("draws: stream"), Index: int(r.size("draws: index", math.MaxInt32)), Value: r.uint64("draws: value")}
		switch {
		case r.err != nil:
			return nil, r.err
		case len(draws) == maxDraws:
			return nil, fmt.Errorf("draws: want at most %d", maxDraws)
		}
		draws = append(draws, d)
	}
	return draws, nil
}

// fields reads the parts of a token in turn and keeps the first error.
type fields struct {
	b   []byte
	err error
}

func (r *fields) fail(field string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: cut short or out of range", field)
	}
	r.b = nil
}

func (r *fields) uvarint(field string) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(field)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// size reads a number that must not exceed most.
func (r *fields) size(field string, most uint64) uint64 {
	v := r.uvarint(field)
	if r.err == nil && v > most {
		r.err = fmt.Errorf("%s: %d: want at most %d", field, v, most)
	}
	return v
}

func (r *fields) int(field string) int {
	v, n := binary.Varint(r.b)
	if n <= 0 || int64(int(v)) != v {
		r.fail(field)
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *fields) uint64(field string) uint64 {
	if len(r.b) < 8 {
		r.fail(field)
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *fields) name(field string) string {
	n := r.uvarint(field)
	if n > maxName || n > uint64(len(r.b)) {
		r.fail(field)
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// deflaters are compressors for reuse: a new one allocates more than a megabyte.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	return w
}}

func deflate(body []byte) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var b bytes.Buffer
	w.Reset(&b)
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a Buffer never fails
	}
	return b.Bytes()
}

// inflate unpacks exactly size bytes and refuses any that follow.
func inflate(b []byte, size int) ([]byte, error) {
	in := bytes.NewReader(b)
	r := flate.NewReader(in)
	body, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	switch {
	case err != nil:
		return nil, errors.New("body: want a deflate stream")
	case len(body) != size:
		return nil, fmt.Errorf("body: want the %d bytes announced once unpacked", size)
	case in.Len() > 0:
		return nil, fmt.Errorf("body: want no bytes after it, not %d", in.Len())
	}
	return body, nil
}

// abbreviate keeps error messages to one short line.
func abbreviate(s string) string {
	if len(s) <= 40 {
		return s
	}
	return s[:24] + "..." + s[len(s)-8:]
}
