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
	"strings"
)

// Token names one trial completely: what to run, and the checksum it must
// reproduce.
type Token struct {
	World string // "kernel", "order", ...
	Fix   string // name of the candidate
	Seed  uint64
	// Checksum is what the trial found; 0 if it is not known.
	Checksum Checksum
	// Scenario and Variation name a preset and its variation.
	Scenario  string
	Variation int
	// Digest identifies the content of the preset, so that a changed preset
	// is noticed; 0 if there is none.
	Digest uint64
	// Body is the scenario itself, in the world's own form; empty if the
	// preset's name says it all.
	Body []byte
}

const (
	tokenPrefix = "gps1."
	// maxToken and maxBody bound what ParseToken reads and unpacks, in bytes.
	maxToken = 1 << 20
	maxBody  = 1 << 20
	maxName  = 255
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// String returns the token as one word of letters, digits, '.', '-' and '_'.
//
// The word is "gps1." and the base64url form of: the names (length, bytes),
// seed, checksum, variation, digest, length of the body, the body deflated,
// and a CRC-32C of all that.
func (t Token) String() string {
	b := make([]byte, 0, 64+len(t.Body)/2)
	for _, s := range []string{t.World, t.Fix, t.Scenario} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.LittleEndian.AppendUint64(b, t.Seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.Checksum))
	b = binary.AppendVarint(b, int64(t.Variation))
	b = binary.LittleEndian.AppendUint64(b, t.Digest)
	b = binary.AppendUvarint(b, uint64(len(t.Body)))
	if len(t.Body) > 0 {
		b = append(b, deflate(t.Body)...)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// ParseToken reads what String wrote. White space around the token is allowed,
// as a paste brings it along.
func ParseToken(s string) (Token, error) {
	var t Token
	s = strings.TrimSpace(s)
	text, ok := strings.CutPrefix(s, tokenPrefix)
	switch {
	case !ok:
		return t, fmt.Errorf("token %q: want a word that starts with %q", abbreviate(s), tokenPrefix)
	case len(s) > maxToken:
		return t, fmt.Errorf("token %q: %d bytes long, allowed are %d", abbreviate(s), len(s), maxToken)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return t, fmt.Errorf("token %q: not base64url: the token is cut or altered", abbreviate(s))
	}
	if len(b) < 4 || crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return t, fmt.Errorf("token %q: its check sum does not match: the token is cut or altered", abbreviate(s))
	}
	t, err = decodeToken(b[:len(b)-4])
	if err != nil {
		return Token{}, fmt.Errorf("token %q: %w", abbreviate(s), err)
	}
	return t, nil
}

// MarshalText is String, so that a token can stand in JSON.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseToken.
func (t *Token) UnmarshalText(b []byte) (err error) {
	*t, err = ParseToken(string(b))
	return err
}

// decodeToken reads the fields. The check sum has matched, so an error means
// that another version, or a hand, wrote them.
func decodeToken(b []byte) (Token, error) {
	var t Token
	r := fields{b: b}
	t.World = r.name("world")
	t.Fix = r.name("fix")
	t.Scenario = r.name("scenario")
	t.Seed = r.uint64("seed")
	t.Checksum = Checksum(r.uint64("checksum"))
	t.Variation = r.int("variation")
	t.Digest = r.uint64("digest")
	size := r.uvarint("body length")
	switch {
	case r.err != nil:
		return t, r.err
	case size > maxBody:
		return t, fmt.Errorf("body of %d bytes, allowed are %d", size, maxBody)
	case size == 0:
		if len(r.b) > 0 {
			return t, fmt.Errorf("%d bytes follow the last field, allowed is none", len(r.b))
		}
		return t, nil
	}
	body, err := inflate(r.b, int(size))
	t.Body = body
	return t, err
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

func deflate(body []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // the level is legal, and a Buffer does not fail
	}
	return b.Bytes()
}

// inflate unpacks exactly size bytes and insists that nothing follows.
func inflate(b []byte, size int) ([]byte, error) {
	in := bytes.NewReader(b)
	r := flate.NewReader(in)
	body, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	switch {
	case err != nil:
		return nil, errors.New("body: not a deflate stream")
	case len(body) != size:
		return nil, fmt.Errorf("body: unpacks to something else than the %d bytes announced", size)
	case in.Len() > 0:
		return nil, fmt.Errorf("body: %d bytes follow it, allowed is none", in.Len())
	}
	return body, nil
}

// abbreviate keeps an error message to one short line.
func abbreviate(s string) string {
	if len(s) <= 40 {
		return s
	}
	return s[:24] + "..." + s[len(s)-8:]
}
