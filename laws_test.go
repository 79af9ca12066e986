package llmeter_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The limits of one file and one function.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
)

type source struct {
	path string
	text string
	file *ast.File
	set  *token.FileSet
}

func (s source) isTest() bool    { return strings.HasSuffix(s.path, "_test.go") }
func (s source) isProgram() bool { return s.file.Name.Name == "main" }

// testSupport packages are imported by tests alone.
func (s source) testSupport() bool {
	return regexp.MustCompile(`(^|/)\w+test/`).MatchString(s.path)
}

func (s source) lines(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "testdata" || strings.ContainsAny(d.Name()[:1], "._") && path != ".") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		require.NoError(t, err)
		all = append(all, source{path, string(text), file, set})
		return nil
	}))
	return all
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		require.LessOrEqual(t, strings.Count(s.text, "\n"), maxFileLines, s.path)
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				require.LessOrEqual(t, s.lines(f), maxFunctionLines, "%s: %s", s.path, f.Name.Name)
			}
		}
	}
}

func TestEveryPackageSaysWhatItKnows(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.isTest() {
			dir := filepath.Dir(s.path)
			documented[dir] = documented[dir] || s.file.Doc != nil
		}
	}
	for dir, ok := range documented {
		require.True(t, ok, "%s has no package comment", dir)
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || s.isProgram() || strings.Contains(s.path, "internal/") {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && receiverIsExported(d) {
					require.NotNil(t, d.Doc, "%s: %s", s.path, d.Name.Name)
				}
			case *ast.GenDecl:
				requireDocumented(t, s, d)
			}
		}
	}
}

func receiverIsExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func requireDocumented(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				require.True(t, d.Doc != nil || spec.Doc != nil || spec.Comment != nil, "%s: %s", s.path, spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() {
					require.True(t, d.Doc != nil || spec.Doc != nil || spec.Comment != nil, "%s: %s", s.path, name.Name)
				}
			}
		}
	}
}

func TestOnlyProgramsPrintAndExit(t *testing.T) {
	printing := regexp.MustCompile(`\b(fmt\.Print(ln|f)?\(|log\.(Print|Fatal|Panic)|os\.Exit\(|signal\.Notify|os\.Std(out|err)\b)`)
	for _, s := range sources(t) {
		if s.isTest() || s.isProgram() || s.testSupport() {
			continue
		}
		require.Empty(t, printing.FindString(withoutComments(s)), s.path)
	}
}

func TestTestsSleepOnlyInBubbles(t *testing.T) {
	sleeps, bubbles := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		dir := filepath.Dir(s.path)
		bubbles[dir] = bubbles[dir] || strings.Contains(s.text, `"testing/synctest"`)
		realTime := filepath.Base(s.path) == "bench_test.go" || s.path == "laws_test.go"
		if s.isTest() && !realTime {
			sleeps[dir] = sleeps[dir] || strings.Contains(s.text, "time.Sleep(")
		}
	}
	for dir, sleeping := range sleeps {
		require.True(t, !sleeping || bubbles[dir], "%s sleeps outside a bubble", dir)
	}
}

func TestLibrariesHaveNoInitFunctions(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && !s.isTest() {
				require.False(t, f.Recv == nil && f.Name.Name == "init", s.path)
			}
		}
	}
}

func TestTheModuleReplacesNothing(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	require.NotContains(t, string(mod), "replace ")
}

func withoutComments(s source) string {
	text := []byte(s.text)
	for _, group := range s.file.Comments {
		start, end := s.set.Position(group.Pos()).Offset, s.set.Position(group.End()).Offset
		for i := start; i < end; i++ {
			text[i] = ' '
		}
	}
	return string(text)
}
