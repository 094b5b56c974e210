package ecs

import (
	"fmt"
	"reflect"
	"unsafe"

	arche "github.com/mlange-42/arche/ecs"
)

// archetype is one program's storage in arche: an entity a row, with its life
// and its state. Entities never leave, so rows never move; room is made by
// adding entities that are not used yet.
type archetype struct {
	world  *arche.World
	filter arche.CachedFilter
	ids    []arche.ID // life, then the tagged state
	rows   int
	bytes  int // of the widest component
	name   string
}

// newArchetype registers a program's components. Equal types would share an
// ID and so an archetype: a zero-size first field, different for each program,
// keeps them apart, and costs one of arche's 256 component types a program.
func (w *World) newArchetype(name string, state reflect.Type) *archetype {
	tag := reflect.ArrayOf(0, reflect.ArrayOf(len(w.programs)+1, reflect.TypeFor[uint8]()))
	fields := []reflect.StructField{{Name: "Program", Type: tag}}
	a := &archetype{world: &w.store, name: name, bytes: int(unsafe.Sizeof(Life{}))}
	if state != nil {
		fields = append(fields, reflect.StructField{Name: "State", Type: state})
		a.bytes = max(a.bytes, int(state.Size()))
	}
	id := arche.TypeID(&w.store, reflect.StructOf(fields))
	a.ids = []arche.ID{arche.TypeID(&w.store, reflect.TypeFor[Life]()), id}
	a.filter = w.store.Cache().Register(arche.All(id))
	return a
}

// reserve makes room for a number of rows.
func (a *archetype) reserve(rows int) {
	if rows <= a.rows {
		return
	}
	if uint64(rows)*uint64(a.bytes) >= maxColumn {
		panic(fmt.Sprintf("ecs: program %q: %d rows of %d bytes pass the 4 GiB a column may have", a.name, rows, a.bytes))
	}
	a.world.Batch().New(rows-a.rows, a.ids...)
	a.rows = rows
}

func (a *archetype) pointer(id arche.ID) unsafe.Pointer {
	if a.rows == 0 {
		return nil
	}
	q := a.world.Query(&a.filter)
	defer q.Close()
	if !q.Next() {
		panic(fmt.Sprintf("ecs: program %q has rows and no archetype", a.name))
	}
	return q.Get(id)
}

func (a *archetype) lifePointer() unsafe.Pointer  { return a.pointer(a.ids[0]) }
func (a *archetype) statePointer() unsafe.Pointer { return a.pointer(a.ids[1]) }
