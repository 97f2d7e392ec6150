package workload

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The largest document, in bytes, and the deepest nesting that Decode looks
// at; a scenario needs a small part of either.
const (
	maxDocument = 256 << 10
	maxNesting  = 16
)

// parse returns the mapping that a document consists of.
func parse(data []byte) (ast.Node, error) {
	if len(data) > maxDocument {
		return nil, &Error{Line: 1, Column: 1, Want: fmt.Sprintf("%d bytes long: want at most %d", len(data), maxDocument)}
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if good := bytes.ToValidUTF8(line, nil); len(good) < len(line) {
			column := 1
			for column <= len(good) && good[column-1] == line[column-1] {
				column++
			}
			return nil, &Error{Line: i + 1, Column: column, Want: "not UTF-8: want a YAML document"}
		}
	}
	if line := tooDeep(data); line > 0 {
		return nil, &Error{Line: line, Column: 1, Want: fmt.Sprintf("nested too deeply: want at most %d open brackets or dashes", maxNesting)}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(file.Docs) > 1 {
		e := &Error{Line: 1, Column: 1, Want: fmt.Sprintf("%d documents: want one", len(file.Docs))}
		if t := file.Docs[1].Start; t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
		return nil, e
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, &Error{Line: 1, Column: 1, Want: "empty document: want a scenario"}
	}
	root := file.Docs[0].Body
	return root, nil
}

// syntaxError turns the parser's several lines into one.
func syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil || syntax.Token.Position == nil {
		return &Error{Line: 1, Column: 1, Want: "not YAML: " + plain(err.Error())}
	}
	p := syntax.Token.Position
	return &Error{Line: p.Line, Column: p.Column, Want: "not YAML: " + plain(syntax.Message)}
}

// tooDeep returns the line where more than maxNesting brackets are open or as
// many dashes open lists on one line; 0 if none. The parser's time grows with
// the square of the depth.
func tooDeep(data []byte) int {
	open := 0
	for i, line := range bytes.Split(data, []byte("\n")) {
		dashes := 0
		for rest := bytes.TrimLeft(line, " "); bytes.HasPrefix(rest, []byte("- ")); rest = bytes.TrimLeft(rest[2:], " ") {
			dashes++
		}
		open += bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{"))
		if open > maxNesting || dashes > maxNesting {
			return i + 1
		}
		open = max(0, open-bytes.Count(line, []byte("]"))-bytes.Count(line, []byte("}")))
	}
	return 0
}
