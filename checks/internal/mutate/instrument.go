package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// scale.go.txt is added to every package: what a mutant does while the tests run.
//
//go:embed scale.go.txt
var scaleSource string

// A mutant is one floating-point result of one function.
type mutant struct {
	id, function   int // function is the id of the first mutant of the same function
	pkg            string
	position, name string // file:line, and the function with the result in brackets
}

func (m mutant) String() string { return m.position + " " + m.name }

// instrument writes the packages with all their mutants, and the overlay for the go command, to dir.
func instrument(all []source, dir string) (mutants []mutant, ignored []string, err error) {
	replace := map[string]string{}
	put := func(original string, text []byte) error {
		name := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		replace[original] = name
		return os.WriteFile(name, text, 0o600)
	}
	for _, s := range all {
		for _, f := range s.files {
			name := s.fset.File(f.Pos()).Name()
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, nil, err
			}
			e := editor{source: s, file: shorten(name), next: len(mutants) + 1}
			e.functions(f)
			mutants, ignored = append(mutants, e.mutants...), append(ignored, e.ignored...)
			if err := put(name, e.apply(text)); err != nil {
				return nil, nil, err
			}
		}
		text := strings.NewReplacer("package scale", "package "+s.types.Name(), "mutate_size", strconv.Itoa(len(mutants)+1)).Replace(scaleSource)
		if err := put(filepath.Join(s.dir, "mutate_scale.go"), []byte(text)); err != nil {
			return nil, nil, err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, nil, err
	}
	return mutants, ignored, os.WriteFile(overlay(dir), text, 0o600)
}

func overlay(dir string) string { return filepath.Join(dir, "overlay.json") }

// shorten makes a path relative to the working directory where it lies below it.
func shorten(name string) string {
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(wd, name); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return name
}

// An editor collects the insertions into one file. They never add a line, so that positions stay.
type editor struct {
	source
	file    string
	next    int // id of the next mutant
	mutants []mutant
	ignored []string
	inserts []insert
}

// An insert puts text at an offset in place of the next drop bytes.
type insert struct {
	offset, drop int
	text         string
}

func (e *editor) functions(f *ast.File) {
	for _, decl := range f.Decls {
		name, literals := "init", 0
		if fn, ok := decl.(*ast.FuncDecl); ok {
			name = functionName(fn)
			if reason, ok := ignoreReason(fn.Doc); ok {
				e.ignored = append(e.ignored, fmt.Sprintf("%s:%d %s: %s", e.file, e.line(fn.Pos()), name, reason))
				continue
			}
			if fn.Body != nil {
				e.function(name, fn.Type, fn.Body)
			}
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if lit, ok := n.(*ast.FuncLit); ok {
				literals++
				e.function(fmt.Sprintf("%s.func%d", name, literals), lit.Type, lit.Body)
			}
			return true
		})
	}
}

// function names the results of a function, where they have no names, and defers the scaling of each leaf.
func (e *editor) function(name string, fn *ast.FuncType, body *ast.BlockStmt) {
	if fn.Results == nil {
		return
	}
	var deferred strings.Builder
	var inserts []insert
	first, index := e.next, 0
	if !fn.Results.Opening.IsValid() {
		inserts = append(inserts, insert{e.offset(fn.Results.Pos()), 0, "("}, insert{e.offset(fn.Results.End()), 0, ")"})
	}
	for _, field := range fn.Results.List {
		typ := e.info.TypeOf(field.Type)
		for k := range max(1, len(field.Names)) {
			variable := fmt.Sprintf("mutate_r%d", index)
			switch {
			case len(field.Names) == 0:
				inserts = append(inserts, insert{e.offset(field.Type.Pos()), 0, variable + " "})
			case field.Names[k].Name == "_":
				inserts = append(inserts, insert{e.offset(field.Names[k].Pos()), len("_"), variable})
			default:
				variable = field.Names[k].Name
			}
			for _, path := range leaves(typ, e.types) {
				m := mutant{id: e.next, function: first, pkg: e.path, position: fmt.Sprintf("%s:%d", e.file, e.line(fn.Pos())), name: name}
				if index > 0 || len(path) > 0 {
					m.name += fmt.Sprintf("[%d%s]", index, strings.Join(append([]string{""}, path...), "."))
				}
				e.mutants = append(e.mutants, m)
				e.next++
				call := fmt.Sprintf("mutate_scale(&%s, %q)", variable, strings.Join(path, " "))
				if len(path) == 0 && types.Identical(typ, types.Typ[types.Float64]) {
					call = fmt.Sprintf("mutate_float(&%s)", variable)
				}
				fmt.Fprintf(&deferred, " if mutate_id == %d { defer %s };", m.id, call)
			}
			index++
		}
	}
	if e.next > first {
		fmt.Fprintf(&deferred, " if !mutate_seen[%d] { mutate_see(%d) };", first, first)
		e.inserts = append(append(e.inserts, inserts...), insert{e.offset(body.Lbrace) + 1, 0, deferred.String()})
	}
}

func (e *editor) offset(p token.Pos) int { return e.fset.Position(p).Offset }
func (e *editor) line(p token.Pos) int   { return e.fset.Position(p).Line }

// apply returns the text with the insertions made.
func (e *editor) apply(text []byte) []byte {
	sort.SliceStable(e.inserts, func(i, j int) bool { return e.inserts[i].offset < e.inserts[j].offset })
	var b strings.Builder
	at := 0
	for _, in := range e.inserts {
		b.Write(text[at:in.offset])
		b.WriteString(in.text)
		at = in.offset + in.drop
	}
	b.Write(text[at:])
	return []byte(b.String())
}

func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

func ignoreReason(doc *ast.CommentGroup) (string, bool) {
	if doc == nil {
		return "", false
	}
	for _, c := range doc.List {
		if reason, ok := strings.CutPrefix(c.Text, "//mutate:ignore"); ok {
			return strings.TrimSpace(reason), true
		}
	}
	return "", false
}
