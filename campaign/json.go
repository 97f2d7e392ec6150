package campaign

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// DecodeLine reads one JSON value and refuses unknown fields. The error names the
// invalid field.
func DecodeLine(line []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err := dec.Token(); err != io.EOF {
			return fmt.Errorf("byte %d: more text: want the end of the line", dec.InputOffset()+1)
		}
		return nil
	}
	var (
		kind   *json.UnmarshalTypeError
		syntax *json.SyntaxError
		wrong  *named.Error
	)
	switch {
	case errors.As(err, &wrong):
		return wrong
	case errors.As(err, &kind):
		return fmt.Errorf("%s: a JSON %s: want %s", cmp.Or(kind.Field, "value"), kind.Value, jsonKind(kind.Type.Kind().String()))
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d: %s: want JSON", syntax.Offset, syntax)
	case errors.Is(err, io.EOF):
		return errors.New("value: none: want JSON")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("cut off: want whole JSON")
	}
	// The decoder has no error type for unknown fields.
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("%s: unknown field: want the fields of this version", strings.Trim(field, `"`))
	}
	return err
}

// jsonKind returns JSON's word for a kind of Go value.
func jsonKind(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case strings.HasPrefix(kind, "uint"):
		return "a whole number, 0 or more"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "slice", kind == "array":
		return "a list"
	case kind == "struct", kind == "map":
		return "an object"
	}
	return "a " + kind
}
