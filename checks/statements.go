package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Document reads the Files of a source. Each claim without a Statement gets the
// doc comment of the function whose composite literal carries its ID, and each
// claim the place of that function, under dir: the folder of the files as a
// reader of the repository knows it. A source without About gets what the
// comment of the package says between its first paragraph, which names the
// source, and the one that opens with "Setting:". The source gets a Digest of its files and
// of the shared ones, which hold what its claims call; of both, tests do not
// count. A source without Files is returned as it is.
//
// It is an error when a file does not parse, or when two functions carry the
// same ID.
func Document(s Source, dir string, shared ...fs.FS) (Source, error) {
	if s.Files == nil {
		return s, nil
	}
	fail := func(err error) (Source, error) { return s, fmt.Errorf("statements of %s: %w", s.Key, err) }
	docs, about, err := statements(s.Files)
	if err != nil {
		return fail(err)
	}
	if s.About == "" {
		s.About = about
	}
	if s.Digest, err = digest(append([]fs.FS{s.Files}, shared...)); err != nil {
		return fail(err)
	}
	s.Claims = slices.Clone(s.Claims)
	for i, c := range s.Claims {
		if d, ok := docs[c.Info().ID]; ok {
			s.Claims[i] = c.Documented(d.text, path.Join(dir, d.file), d.line)
		}
	}
	return s, nil
}

// A statement is the doc comment of a claim and where it stands.
type statement struct {
	text string
	file string
	line int
}

// statements reads the doc comments of the functions that carry an ID, by ID,
// and what the first package comment says of the source.
func statements(files fs.FS) (docs map[string]statement, about string, err error) {
	docs = map[string]statement{}
	err = eachGoFile(files, func(name string, src []byte) error {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if about == "" {
			about = aboutSource(file.Doc.Text())
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			here := statement{f.Doc.Text(), name, fset.Position(f.Pos()).Line}
			for _, id := range claimIDs(f) {
				if other, twice := docs[id]; twice {
					return fmt.Errorf("%s:%d and %s:%d both carry the ID %q: give each claim a function of its own", other.file, other.line, here.file, here.line, id)
				}
				docs[id] = here
			}
		}
		return nil
	})
	return docs, about, err
}

// aboutSource cuts a package comment to the paragraphs that say what the source
// claims.
func aboutSource(doc string) string {
	var about []string
	for i, para := range strings.Split(strings.TrimSpace(doc), "\n\n") {
		if strings.HasPrefix(para, "Setting:") {
			break
		}
		if i > 0 {
			about = append(about, strings.Join(strings.Fields(para), " "))
		}
	}
	return strings.Join(about, "\n\n")
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

// digest identifies the code in several trees.
func digest(trees []fs.FS) (string, error) {
	h := sha256.New()
	for _, files := range trees {
		err := eachGoFile(files, func(name string, src []byte) error {
			fmt.Fprintln(h, name, len(src))
			h.Write(src)
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// eachGoFile visits the Go files of a tree in lexical order, without tests.
func eachGoFile(files fs.FS, visit func(name string, src []byte) error) error {
	return fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return visit(name, src)
	})
}
