package main

import (
	"go/types"
	"strings"
)

// everything is the path step that scales all floats below it together.
const everything = "*"

// leaves returns the paths of the floats in a type that are scaled one at a time. A step is the name of
// a field, "[]" for the elements of a slice, array or map, or [everything]. Types of other modules are not
// taken apart; of them only structs that hold floats and the matrices of gonum count.
func leaves(t types.Type, home *types.Package) [][]string {
	w := walker{module: module(home.Path()), seen: map[types.Type]bool{}}
	return w.leaves(t)
}

type walker struct {
	module string
	seen   map[types.Type]bool // on the way from the root: a list holds itself
}

func (w walker) leaves(t types.Type) [][]string {
	if w.seen[t] {
		return nil
	}
	w.seen[t] = true
	defer delete(w.seen, t)
	if named, ok := types.Unalias(t).(*types.Named); ok {
		obj := named.Obj()
		if obj.Pkg() != nil && module(obj.Pkg().Path()) != w.module {
			_, isStruct := named.Underlying().(*types.Struct)
			if isStruct && len(w.leaves(named.Underlying())) > 0 || strings.HasSuffix(obj.Pkg().Path(), "gonum/mat") {
				return [][]string{{everything}}
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&(types.IsFloat|types.IsComplex) != 0 {
			return [][]string{nil}
		}
	case *types.Pointer:
		return w.leaves(u.Elem())
	case *types.Slice:
		return below("[]", w.leaves(u.Elem()))
	case *types.Array:
		return below("[]", w.leaves(u.Elem()))
	case *types.Map:
		return below("[]", w.leaves(u.Elem()))
	case *types.Struct:
		var paths [][]string
		for i := range u.NumFields() {
			paths = append(paths, below(u.Field(i).Name(), w.leaves(u.Field(i).Type()))...)
		}
		return paths
	}
	return nil
}

func below(step string, paths [][]string) [][]string {
	for i, p := range paths {
		paths[i] = append([]string{step}, p...)
	}
	return paths
}

// module is what the packages of a module share: the part of the path before its first slash, or before
// the third for a host.
func module(path string) string {
	parts := strings.Split(path, "/")
	if strings.Contains(parts[0], ".") {
		return strings.Join(parts[:min(3, len(parts))], "/")
	}
	return parts[0]
}
