package theorems

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"convergo/checks"
)

// sources is the list of sources: every exported method of it returns one. A
// method set is a registry without a list to keep and without global state.
type sources struct{}

//go:embed *.go
var code embed.FS

// All returns the sources, base facts first, then by year and key, each claim
// with its statement taken from its doc comment.
func All() ([]checks.Source, error) {
	docs, err := statements()
	if err != nil {
		return nil, err
	}
	var all []checks.Source
	v := reflect.ValueOf(sources{})
	for i := range v.NumMethod() {
		make, ok := v.Method(i).Interface().(func() checks.Source)
		if !ok {
			return nil, fmt.Errorf("theorems: method %s of sources must return a checks.Source", v.Type().Method(i).Name)
		}
		s := make()
		for k, c := range s.Claims {
			d := docs[c.Info().ID]
			s.Claims[k] = c.Documented(d.text, d.file, d.line)
		}
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Year != b.Year {
			return a.Year < b.Year // base facts have no year
		}
		return a.Key < b.Key
	})
	return all, nil
}

// Digest identifies the code of the claims: records of other code are not
// mixed with new ones.
func Digest() (string, error) {
	entries, err := code.ReadDir(".")
	if err != nil {
		return "", fmt.Errorf("theorems: %w", err)
	}
	h := sha256.New()
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		src, err := code.ReadFile(e.Name())
		if err != nil {
			return "", fmt.Errorf("theorems: %w", err)
		}
		fmt.Fprintln(h, e.Name(), len(src))
		h.Write(src)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// A statement is the doc comment of a claim and where it stands.
type statement struct {
	text string
	file string
	line int
}

// statements reads the doc comments of all claims out of the package's own
// source, by the ID in the function that each comment stands above.
func statements() (map[string]statement, error) {
	entries, err := code.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("theorems: %w", err)
	}
	docs := map[string]statement{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		src, err := code.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("theorems: %w", err)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, e.Name(), src, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("theorems: %w", err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, id := range claimIDs(f) {
				docs[id] = statement{f.Doc.Text(), path.Join("theorems", e.Name()), fset.Position(f.Pos()).Line}
			}
		}
	}
	return docs, nil
}

// claimIDs returns the literals of the key ID in a function.
func claimIDs(f *ast.FuncDecl) []string {
	var ids []string
	ast.Inspect(f, func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, isName := kv.Key.(*ast.Ident)
		lit, isLiteral := kv.Value.(*ast.BasicLit)
		if isName && isLiteral && key.Name == "ID" && lit.Kind == token.STRING {
			if id, err := strconv.Unquote(lit.Value); err == nil {
				ids = append(ids, id)
			}
		}
		return true
	})
	return ids
}
