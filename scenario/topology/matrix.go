package topology

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"orrery/ecs"
)

// A Matrix is the latency from everyone to everyone, which need not be that of
// the way back.
type Matrix struct {
	Names   []string            // in the header's order; unique
	Latency [][]ecs.Nanoseconds // [from][to], -1 where there is no link
}

// ParseLatencyCSV reads a matrix: the header names the targets, each row begins
// with its source and has a cell a target. Rows may come in any order and there
// is one a name. A cell is a latency, in milliseconds or with a unit, or empty
// where there is no link; that of a name to itself is empty or 0 and becomes
// none. The first cell of the header is free. With rtt the cells are round-trip
// times, of which half is taken.
func ParseLatencyCSV(b []byte, rtt bool) (*Matrix, error) {
	text, err := readable(b)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(text, ","); n > maxCommas {
		return nil, position{1, 1}.fail("the file has %d commas, over the limit of %d: take a part of the matrix", n, maxCommas)
	}
	p := csvParser{reader: csv.NewReader(strings.NewReader(text)), divisor: 1, index: map[string]int{}}
	p.reader.FieldsPerRecord = -1 // our own error says more
	p.reader.ReuseRecord = true
	if rtt {
		p.divisor = 2
	}
	if err := p.header(); err != nil {
		return nil, err
	}
	p.matrix.Latency = make([][]ecs.Nanoseconds, len(p.matrix.Names))
	for {
		cells, err := p.reader.Read()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return nil, p.broken(err)
		}
		if err := p.row(cells); err != nil {
			return nil, err
		}
	}
}

type csvParser struct {
	reader  *csv.Reader
	divisor int64
	index   map[string]int // of Names, looked up only
	columns []position     // of Names
	matrix  Matrix
}

// at is the position of a cell of the row last read.
func (p *csvParser) at(cell int) position {
	line, column := p.reader.FieldPos(cell)
	return position{line, column}
}

func (p *csvParser) header() error {
	cells, err := p.reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		return position{1, 1}.fail("the file is empty: begin with a row of names")
	case err != nil:
		return p.broken(err)
	case len(cells) == 1 && strings.ContainsAny(cells[0], ";\t"):
		return p.at(0).fail("the cells are not separated by commas: save the file with commas")
	case len(cells) == 1:
		return p.at(0).fail("the header has no names: write from,A,B,… with one a column")
	case len(cells)-1 > maxRegions:
		return p.at(0).fail("the header has %d names, over the limit of %d: take a part of the matrix", len(cells)-1, maxRegions)
	}
	for i, cell := range cells[1:] {
		name := tidy(cell)
		if name == "" {
			return p.at(i+1).fail("column %d has no name: name it, or remove the comma before it", i+2)
		}
		if err := checkName(p.at(i+1), "name", name); err != nil {
			return err
		}
		if _, ok := p.index[name]; ok {
			return p.at(i+1).fail("a second column is named %s: give each its own name", quote(name))
		}
		p.index[name] = i
		p.columns = append(p.columns, p.at(i+1))
		p.matrix.Names = append(p.matrix.Names, strings.Clone(name))
	}
	return nil
}

// row reads one source's latencies. The matrix grows by rows that are there: a
// header alone could ask for far more memory than its bytes.
func (p *csvParser) row(cells []string) error {
	name := tidy(cells[0])
	from, ok := p.index[name]
	if !ok {
		return p.at(0).fail("the row's name %s is not in the header: rows and columns have the same names", quote(name))
	}
	if p.matrix.Latency[from] != nil {
		return p.at(0).fail("a second row is named %s: keep one of them", quote(name))
	}
	if got, want := len(cells)-1, len(p.matrix.Names); got != want {
		return p.at(0).fail("row %s has %d cells for %d names: write one a name, empty where there is no link", quote(name), got, want)
	}
	row := make([]ecs.Nanoseconds, len(p.matrix.Names))
	for to := range row {
		var err error
		if row[to], err = p.cell(from, to, strings.TrimSpace(cells[to+1])); err != nil {
			return err
		}
	}
	p.matrix.Latency[from] = row
	return nil
}

func (p *csvParser) cell(from, to int, text string) (ecs.Nanoseconds, error) {
	const none = -1
	if text == "" {
		return none, nil
	}
	m, err := parseMeasure(p.at(to+1), "latency", text, timeUnits, timeUnits[0])
	if err != nil {
		return none, err
	}
	if from != to {
		span, _ := m.latency(p.divisor)
		return span, nil
	}
	if m.number.digits != "" {
		return none, p.at(to+1).fail("%s has the latency %s to itself: empty the cell, nodes need no link to themselves",
			quote(p.matrix.Names[from]), quote(text))
	}
	return none, nil
}

func (p *csvParser) finish() (*Matrix, error) {
	for i, row := range p.matrix.Latency {
		if row == nil {
			return nil, p.columns[i].fail("there is no row for %s: add it, its cells empty where there is no link", quote(p.matrix.Names[i]))
		}
	}
	return &p.matrix, nil
}

// broken is the error of a file that is not CSV.
func (p *csvParser) broken(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		panic("topology: csv failed reading a string: " + err.Error())
	}
	return position{parse.Line, parse.Column}.fail("this is not CSV: %v: write a \" inside quotes as \"\"", parse.Err)
}
