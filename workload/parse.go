package workload

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The maximum size of a document, in bytes, and of its nesting; a scenario needs a
// small part of either.
const (
	maxDocument = 256 << 10
	maxNesting  = 16
)

// byteOrderMark is what some editors write before a text in UTF-8.
const byteOrderMark = "\ufeff"

// document is the path of errors about the whole document.
const document = "document"

// parse returns the mapping at the top of a document.
func parse(data []byte) (ast.Node, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if len(data) > maxDocument {
		return nil, &Error{Line: 1, Column: 1, Path: document, Value: fmt.Sprintf("%d bytes", len(data)), Want: fmt.Sprintf("want at most %d", maxDocument)}
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if good := bytes.ToValidUTF8(line, nil); len(good) < len(line) {
			column := 1
			for column <= len(good) && good[column-1] == line[column-1] {
				column++
			}
			return nil, &Error{Line: i + 1, Column: column, Path: document, Value: "a byte that is not UTF-8", Want: "want text"}
		}
	}
	if line := tooDeep(data); line > 0 {
		return nil, &Error{Line: line, Column: 1, Path: document, Value: "nested too deeply", Want: fmt.Sprintf("want at most %d open brackets or dashes", maxNesting)}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	docs := slices.DeleteFunc(file.Docs, isDirective)
	if len(docs) > 1 {
		e := &Error{Line: 1, Column: 1, Path: document, Value: fmt.Sprintf("%d documents", len(docs)), Want: "want one"}
		if t := docs[1].Start; t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
		return nil, e
	}
	if len(docs) == 0 || docs[0].Body == nil {
		return nil, &Error{Line: 1, Column: 1, Path: document, Value: "empty", Want: "want a scenario"}
	}
	return docs[0].Body, nil
}

// isDirective reports whether the parser made a document of a line such as %YAML 1.2.
func isDirective(d *ast.DocumentNode) bool {
	_, is := d.Body.(*ast.DirectiveNode)
	return is
}

// syntaxError reduces the parser's message to one line.
func syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil || syntax.Token.Position == nil {
		return &Error{Line: 1, Column: 1, Path: document, Value: plain(err.Error()), Want: "want YAML"}
	}
	p := syntax.Token.Position
	return &Error{Line: p.Line, Column: p.Column, Path: document, Value: plain(syntax.Message), Want: "want YAML"}
}

// tooDeep returns the line with more than maxNesting open brackets or with as many
// dashes that open lists; 0 if there is none. The parser's time grows with the
// square of the depth.
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
