package gateway_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/otpgate/otpgate"

// place is where a folder belongs.
type place struct {
	floor int
	tree  string
}

// floors gives each folder its floor and its tree. Imports go down only, and trees on one floor do not know each other.
// A folder belongs to the longest entry that leads to it. A folder right below providers that is not named here is an
// adapter: floor 2, a tree of its own.
var floors = map[string]place{
	"cmd/otpgate":            {5, "cmd"},
	"gateway":                {4, "gateway"},
	"gateway/httpapi":        {3, "httpapi"},
	"gateway/console":        {3, "console"},
	"gateway/config":         {3, "config"},
	"gateway/telemetry":      {3, "telemetry"},
	"gateway/store":          {3, "store"},
	"providers/builtin":      {3, "builtin"},
	"gateway/otp":            {2, "otp"},
	"providers/providertest": {2, "providertest"},
	"routing":                {1, "routing"},
	"gateway/apps":           {1, "apps"},
	"providers/upstream":     {1, "upstream"},
	"providers/twin":         {1, "twin"},
	"providers":              {0, "providers"},
	"api":                    {0, "api"},
	"docs":                   {0, "docs"},
	"deploy":                 {5, "deploy"},
	"deploy/bench":           {5, "bench"},
	"deploy/drill":           {5, "drill"},
	"deploy/licences":        {5, "licences"},
}

// pure folders know no HTTP, no fiber, no YAML, no telemetry SDK and no store driver.
var pure = []string{"routing", "gateway/otp", "gateway/apps"}

var impure = []string{
	"net/http", "github.com/gofiber", "github.com/valyala", "go.yaml.in", "gopkg.in/yaml", "go.opentelemetry.io/otel/sdk",
	"go.opentelemetry.io/otel/exporters", "database/sql", "modernc.org", "github.com/redis",
}

// suites are for tests only.
var suites = []string{
	"providers/providertest", "providers/inhouse/transporttest", "gateway/store/storetest", "gateway/store/redis/redistest",
	"gateway/telemetry/otlptest",
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != ".." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		files++
		checkFile(t, filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator))), name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d files were read", files)
	}
}

func checkFile(t *testing.T, file, name string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	test := strings.HasSuffix(file, "_test.go")
	from := path.Dir(file)
	for _, spec := range parsed.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if own, ok := strings.CutPrefix(to, module+"/"); ok {
			checkImport(t, file, from, own, test)
		} else if !test {
			checkPure(t, file, from, to)
		}
	}
}

func checkImport(t *testing.T, file, from, to string, test bool) {
	t.Helper()
	a, okFrom := floorOf(from)
	b, okTo := floorOf(to)
	switch {
	case !okFrom:
		t.Errorf("%s: the folder %s has no floor; give it one in floors_test.go", file, from)
	case !okTo:
		t.Errorf("%s: imports %s, which has no floor", file, to)
	case test:
		// Tests may use the suites beside them and what they start whole.
	case isSuite(to) && !isSuite(from):
		t.Errorf("%s: imports the test suite %s", file, to)
	case a.tree == b.tree:
	case a.floor <= b.floor:
		t.Errorf("%s (floor %d) imports %s (floor %d): imports go down only", file, a.floor, to, b.floor)
	}
}

func checkPure(t *testing.T, file, from, to string) {
	t.Helper()
	for _, folder := range pure {
		if from != folder && !strings.HasPrefix(from, folder+"/") {
			continue
		}
		for _, bad := range impure {
			if to == bad || strings.HasPrefix(to, bad+"/") {
				t.Errorf("%s: %s must not know %s", file, folder, to)
			}
		}
	}
}

func floorOf(folder string) (place, bool) {
	for at := folder; at != "." && at != "/"; at = path.Dir(at) {
		if f, ok := floors[at]; ok {
			return f, true
		}
		if path.Dir(at) == "providers" {
			return place{2, path.Base(at)}, true
		}
	}
	return place{}, false
}

func isSuite(folder string) bool {
	for _, s := range suites {
		if folder == s {
			return true
		}
	}
	return false
}
