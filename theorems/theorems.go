package theorems

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"convergo/checks"
	"convergo/theorems/arora2019fine"
	"convergo/theorems/basics"
	"convergo/theorems/du2019"
	"convergo/theorems/liao2022"
	"convergo/theorems/munteanu2022"
	"convergo/theorems/nguyen2021"
)

//go:embed *.go */*.go
var code embed.FS

// All returns the sources, base facts first, then by year and key, each claim
// with its statement taken from its doc comment.
func All() ([]checks.Source, error) {
	docs, err := statements()
	if err != nil {
		return nil, err
	}
	all := []checks.Source{
		basics.Source(),
		arora2019fine.Source(),
		du2019.Source(),
		nguyen2021.Source(),
		liao2022.Source(),
		munteanu2022.Source(),
	}
	for _, s := range all {
		for k, c := range s.Claims {
			d := docs[c.Info().ID]
			s.Claims[k] = c.Documented(d.text, d.file, d.line)
		}
	}
	return all, nil
}

// Digest identifies the code of the claims: records of other code are not
// mixed with new ones.
func Digest() (string, error) {
	names, err := files()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		src, err := code.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("theorems: %w", err)
		}
		fmt.Fprintln(h, name, len(src))
		h.Write(src)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// files are the names of the sources' files, without tests.
func files() ([]string, error) {
	var names []string
	err := fs.WalkDir(code, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("theorems: %w", err)
	}
	return names, nil
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
	names, err := files()
	if err != nil {
		return nil, err
	}
	docs := map[string]statement{}
	for _, name := range names {
		src, err := code.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("theorems: %w", err)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("theorems: %w", err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, id := range claimIDs(f) {
				docs[id] = statement{f.Doc.Text(), path.Join("theorems", name), fset.Position(f.Pos()).Line}
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
