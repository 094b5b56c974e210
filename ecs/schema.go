package ecs

import (
	"fmt"
	"reflect"
)

// Type is the type of a column.
type Type uint8

const (
	Bool Type = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
)

var typeNames = [...]string{"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"}
var typeSizes = [...]int{1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8}

func (t Type) String() string { return typeNames[t] }

// Size returns the width of a value in bytes.
func (t Type) Size() int { return typeSizes[t] }

func (t Type) isFloat() bool { return t == Float32 || t == Float64 }

// Field is one plain value in a row. Arrays and nested structs are laid out
// as one field a value, named as in Go: "Votes[2]", "Clock.Offset".
type Field struct {
	Name   string
	Type   Type
	Offset int // bytes from the start of the row
}

var typeOfKind = map[reflect.Kind]Type{
	reflect.Bool: Bool, reflect.Int8: Int8, reflect.Int16: Int16, reflect.Int32: Int32, reflect.Int64: Int64,
	reflect.Uint8: Uint8, reflect.Uint16: Uint16, reflect.Uint32: Uint32, reflect.Uint64: Uint64,
	reflect.Float32: Float32, reflect.Float64: Float64,
}

// maxFields bounds what an array in a component may unfold to.
const maxFields = 4096

// fieldsOf returns the fields of a component. It panics, saying why, unless
// the type is plain (no pointers, no int or uint, whose size varies) and laid
// out alike on every architecture: every value aligned to its own size, the
// whole a multiple of 8 bytes, every gap an explicit field named "_".
func fieldsOf(of string, t reflect.Type) []Field {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("ecs: %s: a component must be a struct, %s is a %s", of, t, t.Kind()))
	}
	s := schemaWalk{of: of, root: t}
	s.walk("", t, 0)
	if t.Size()%8 != 0 {
		panic(fmt.Sprintf("ecs: %s: %s has %d bytes; end it with _ [%d]byte, so that rows are alike on every architecture", of, t, t.Size(), 8-t.Size()%8))
	}
	s.reach(int(t.Size()))
	if len(s.fields) == 0 {
		panic(fmt.Sprintf("ecs: %s: %s has no fields; a program without state says State: nil", of, t))
	}
	return s.fields
}

type schemaWalk struct {
	of     string
	root   reflect.Type
	fields []Field
	end    int // first byte not yet accounted for
}

func (s *schemaWalk) walk(name string, t reflect.Type, at int) {
	switch {
	case t.Size() == 0:
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			s.field(joinField(name, f.Name), f, at+int(f.Offset))
		}
	case t.Kind() == reflect.Array:
		s.array(name, t, at)
	default:
		s.leaf(name, t, at)
	}
}

func (s *schemaWalk) field(name string, f reflect.StructField, at int) {
	if f.Name == "_" {
		s.plain(name, f.Type)
		s.skip(at, int(f.Type.Size()))
		return
	}
	s.walk(name, f.Type, at)
}

func (s *schemaWalk) array(name string, t reflect.Type, at int) {
	size, before := int(t.Elem().Size()), len(s.fields)
	for i := range t.Len() {
		s.walk(fmt.Sprintf("%s[%d]", name, i), t.Elem(), at+i*size)
		if len(s.fields) == before {
			// Elements without values are blank, however many.
			s.skip(at+size, int(t.Size())-size)
			return
		}
	}
}

// plain panics unless a type holds only what a component may. It looks at an
// array's element once: what is blank is not unfolded.
func (s *schemaWalk) plain(name string, t reflect.Type) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			s.plain(joinField(name, t.Field(i).Name), t.Field(i).Type)
		}
	case reflect.Array:
		s.plain(name+"[0]", t.Elem())
	default:
		s.typeOf(name, t)
	}
}

func (s *schemaWalk) typeOf(name string, t reflect.Type) Type {
	ft, ok := typeOfKind[t.Kind()]
	if !ok {
		panic(fmt.Sprintf("ecs: %s: field %s of %s is a %s; a component holds only bool, sized integers, floats, and arrays and structs of them", s.of, name, s.root, t))
	}
	return ft
}

// reach panics unless everything before a byte is accounted for.
func (s *schemaWalk) reach(at int) {
	if gap := at - s.end; gap != 0 {
		panic(fmt.Sprintf("ecs: %s: %s has %d bytes of padding at byte %d; write them as a field _ [%d]byte, or put the widest fields first", s.of, s.root, gap, s.end, gap))
	}
}

// skip accounts for bytes that are no field.
func (s *schemaWalk) skip(at, size int) {
	s.reach(at)
	s.end = at + size
}

func joinField(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "." + inner
}

func (s *schemaWalk) leaf(name string, t reflect.Type, at int) {
	ft := s.typeOf(name, t)
	s.skip(at, ft.Size())
	if at%ft.Size() != 0 {
		panic(fmt.Sprintf("ecs: %s: field %s of %s lies at byte %d; a %s must lie at a multiple of %d (put the widest fields first)", s.of, name, s.root, at, ft, ft.Size()))
	}
	if len(s.fields) == maxFields {
		panic(fmt.Sprintf("ecs: %s: %s unfolds to more than %d values", s.of, s.root, maxFields))
	}
	s.fields = append(s.fields, Field{Name: name, Type: ft, Offset: at})
}
