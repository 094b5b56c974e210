package topology

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// An xmlReader walks elements with their positions, to a depth.
type xmlReader struct {
	decoder *xml.Decoder
	source  *tokenReader
	lines   lines // the decoder's own count goes wrong where it looked ahead over a line's end
	depth   int
}

func (r *xmlReader) position() position { return r.lines.position(int(r.decoder.InputOffset())) }

type element struct {
	xml.StartElement
	at position
}

// attribute returns an attribute's value, empty if it has none. Names are
// compared without their name spaces, which writers do not agree about.
func (e element) attribute(name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// A tokenReader ends a token that is too long. The decoder gathers a token's
// attributes before it returns any, at many times their bytes.
type tokenReader struct {
	strings.Reader
	left int // bytes of the current token
}

var (
	errLongToken = errors.New("token too long")
	errEncoding  = errors.New("encoding other than UTF-8")
)

func (r *tokenReader) ReadByte() (byte, error) {
	if r.left == 0 {
		return 0, errLongToken
	}
	r.left--
	return r.Reader.ReadByte()
}

func newXMLReader(text string) xmlReader {
	source := &tokenReader{Reader: *strings.NewReader(text)}
	d := xml.NewDecoder(source)
	d.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "us-ascii") {
			return input, nil
		}
		return nil, errEncoding
	}
	return xmlReader{decoder: d, source: source, lines: lines{text: text}}
}

// next returns the next token and where it begins.
func (r *xmlReader) next() (xml.Token, position, error) {
	at := r.position()
	r.source.left = maxToken
	t, err := r.decoder.Token()
	if errors.Is(err, errLongToken) {
		return nil, at, at.fail("a tag, text or comment of over %d bytes, the limit: shorten it", maxToken)
	}
	if err != nil {
		return nil, at, r.broken(err)
	}
	switch t.(type) {
	case xml.StartElement:
		if r.depth++; r.depth > maxNesting {
			return nil, at, at.fail("elements are nested deeper than %d, the limit: flatten them", maxNesting)
		}
	case xml.EndElement:
		r.depth--
	}
	return t, at, nil
}

// broken is the error of a file that is not XML. It stands where the decoder
// stopped, which knows better than where the token began.
func (r *xmlReader) broken(err error) error {
	at := r.position()
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		what, cut := shorten(syntax.Msg, 100) // it may quote the file
		return at.fail("this is not XML: %s%s: correct it here", what, cut)
	case errors.Is(err, io.EOF):
		return at.fail("the file ends before any element: a GraphML file begins with <graphml>")
	}
	what, cut := shorten(err.Error(), 100)
	return at.fail("this is not XML we read: %s%s: declare version=\"1.0\" encoding=\"UTF-8\", and save it as that", what, cut)
}

// root returns the first element.
func (r *xmlReader) root() (element, error) {
	for {
		t, at, err := r.next()
		if err != nil {
			return element{}, err
		}
		if start, ok := t.(xml.StartElement); ok {
			return element{start, at}, nil
		}
	}
}

// children reads to the end of the element that has begun. each is given every
// element inside and reads it to its end.
func (r *xmlReader) children(each func(element) error) error {
	for {
		t, at, err := r.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := each(element{t, at}); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// pass reads over the element that has begun.
func (r *xmlReader) pass() error {
	return r.children(func(element) error { return r.pass() })
}

// content reads the element that has begun and returns its own text, without
// that of elements inside, which are other programs' decoration.
func (r *xmlReader) content() (string, error) {
	var text strings.Builder
	for {
		t, _, err := r.next()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := r.pass(); err != nil {
				return "", err
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			return text.String(), nil
		}
	}
}
