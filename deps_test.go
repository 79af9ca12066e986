package llmeter_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/llmeter-go/llmeter"

// floors says on which floor each room stands: a room imports rooms of lower floors, and a subpackage its parent.
// A subpackage that is not named stands on the floor of its parent. Half floors hold what the rooms of one floor share.
var floors = map[string]float64{
	"internal": 0, "figure": 0, "load": 0, "price": 0, "slo": 0, "stats": 0,
	"endpoint": 1, "store": 1, "tokenizer": 1, "transport": 1,
	"endpoint/internal/wire": 1.5, "endpoint/endpointtest": 1.5,
	"endpoint/openai": 2, "mock": 2, "prompt": 2, "result": 2,
	".":         3,
	"callbacks": 4, "experiments": 4,
	"catalog": 5, "llmetertest": 5, "profiler": 5, "report": 5,
	"perf":  6,
	"bench": 7, "cmd": 7, "examples": 7,
}

// budget is what the root package may import beyond the standard library and this module, and what of these it may not.
var (
	budget    = []string{"golang.org/x/sync/errgroup"}
	forbidden = []string{"net/http", "testing", "flag"}
)

type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func goList(t *testing.T, args ...string) (pkgs []goPackage) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else {
			require.NoError(t, err)
		}
		pkgs = append(pkgs, p)
	}
}

// room gives the path of a package inside the module, "." for its root; ok is false for other modules' packages.
func room(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func floorOf(room string) (float64, bool) {
	for p := room; ; p = path.Dir(p) {
		if floor, ok := floors[p]; ok && (p != "." || room == ".") {
			return floor, true
		}
		if p == "." {
			return 0, false
		}
	}
}

func TestEveryRoomImportsLowerFloorsOnly(t *testing.T) {
	for _, p := range goList(t, "./...") {
		from, _ := room(p.ImportPath)
		floor, ok := floorOf(from)
		require.True(t, ok, "%s is a room that the architecture does not know", from)
		for _, imported := range p.Imports {
			to, ok := room(imported)
			if !ok || strings.HasPrefix(from, to+"/") {
				continue
			}
			below, ok := floorOf(to)
			require.True(t, ok, to)
			inside := floor == 0 && strings.HasPrefix(to, "internal/")
			require.True(t, below < floor || inside, "%s (floor %v) imports %s (floor %v)", from, floor, to, below)
		}
	}
}

func TestTheRootPackageKeepsItsImportBudget(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range goList(t, "-deps", ".") {
		seen[p.ImportPath] = true
		_, ours := room(p.ImportPath)
		require.True(t, p.Standard || ours || slices.Contains(budget, p.ImportPath), "the root package pulls in %s", p.ImportPath)
	}
	for _, name := range forbidden {
		require.False(t, seen[name], "the root package pulls in %s", name)
	}
}

func TestTopLevelRoomsAreThoseOfTheArchitecture(t *testing.T) {
	rooms := map[string]bool{}
	for _, p := range goList(t, "./...") {
		name, _ := room(p.ImportPath)
		top, _, _ := strings.Cut(name, "/")
		rooms[top] = true
	}
	known := map[string]bool{}
	for name := range floors {
		top, _, _ := strings.Cut(name, "/")
		known[top] = true
	}
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		require.True(t, known[name], "%s is not a room of the architecture", name)
	}
	for _, name := range []string{".", "cmd", "endpoint", "examples", "mock", "prompt", "result", "tokenizer"} {
		require.True(t, rooms[name], "the room %s is missing", name)
	}
}
