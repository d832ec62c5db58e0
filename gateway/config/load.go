package config

import (
	"crypto/sha256"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/otpgate/otpgate/providers"
)

// Sources are what a file is read with.
type Sources struct {
	// Kinds are the sorts of providers that the file may name.
	Kinds []providers.Kind
	// Lookup reads an environment variable, as os.LookupEnv does. Nil: none is set.
	Lookup func(name string) (value string, set bool)
	// ReadFile reads a secret file. Nil: from disk.
	ReadFile func(path string) ([]byte, error)
}

// source is where a Config came from: what is needed to print it without its secrets.
type source struct {
	tree   *node
	parts  []part
	digest [sha256.Size]byte // of the text and of everything that was inserted into it
}

// maxFile is the longest configuration file, in bytes.
const maxFile = 4 << 20

// Load reads the file. The configuration is nil when [Report.Err] is not; there may be warnings either way.
func Load(file string, from Sources) (*Config, *Report) {
	r := loadFile(file, from)
	return r.config, r.report
}

// Parse reads text as Load reads a file. Secret files are looked for beside file, which need not exist.
func Parse(file string, text []byte, from Sources) (*Config, *Report) {
	r := parseText(file, text, from)
	return r.config, r.report
}

// reading is what became of a file, with what the watcher wants to know.
type reading struct {
	config *Config
	report *Report
	files  []string // that were read, or should have been
	digest [sha256.Size]byte
}

func loadFile(file string, from Sources) reading {
	text, err := readFile(file, maxFile)
	problem := ""
	switch {
	case err != nil:
		problem = "the file cannot be read: " + reason(err)
	case len(text) > maxFile:
		problem = "the file is larger than 4 MiB"
	default:
		return parseText(file, text, from)
	}
	report := &Report{file: file}
	report.Refuse(problem)
	return reading{report: report, files: []string{file}, digest: sha256.Sum256([]byte(problem))}
}

func parseText(file string, text []byte, from Sources) reading {
	x := newExpander(filepath.Dir(file), from)
	report := &Report{file: file}
	plant(text, report, x)
	r := reading{report: report, files: append([]string{file}, x.files...), digest: digest(text, x.values)}
	if report.tree == nil {
		return r
	}
	c := &Config{}
	c.setDefaults()
	d := decoder{report}
	d.value(report.tree, reflect.ValueOf(c).Elem(), nil)
	c.inherit(report)
	c.readKeySets(x, report)
	r.files, r.digest = append(r.files[:1], x.files...), digest(text, x.values)
	c.derive(func(path ...string) bool { return report.tree.find(path) != nil })
	c.source.tree, c.source.digest = report.tree, r.digest
	c.equip(from.Kinds, report)
	validate(c, report)
	if report.Err() == nil {
		r.config = c
	}
	return r
}

func newExpander(folder string, from Sources) *expander {
	x := &expander{folder: folder, lookup: from.Lookup, readFile: from.ReadFile}
	if x.lookup == nil {
		x.lookup = func(string) (string, bool) { return "", false }
	}
	if x.readFile == nil {
		x.readFile = func(path string) ([]byte, error) { return readFile(path, maxSecret) }
	}
	return x
}

func digest(text []byte, values []string) [sha256.Size]byte {
	h := sha256.New()
	h.Write(text)
	for _, value := range values {
		sum := sha256.Sum256([]byte(value))
		h.Write(sum[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// inherit gives every app the file's defaults below its own. What is wrong with an app's block was reported before.
func (c *Config) inherit(report *Report) {
	silent := decoder{&Report{tree: report.tree}}
	for name, app := range c.Apps {
		app.Defaults = c.Defaults
		at := path{"apps", name, "defaults"}
		if block := report.tree.find(at); block != nil && block.kind == mapping {
			silent.value(block, reflect.ValueOf(&app.Defaults).Elem(), at)
		}
		c.Apps[name] = app
	}
}

// equip has every provider's kind decode and check its block.
func (c *Config) equip(kinds []providers.Kind, report *Report) {
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		p := c.Providers[name]
		at := path{"providers", name}
		i := slices.IndexFunc(kinds, func(k providers.Kind) bool { return k.Name == p.Kind })
		if i < 0 {
			refuseKind(p.Kind, kinds, report, at.in("kind"))
			continue
		}
		p.With = kinds[i].Options()
		b := block{report: report, at: at.in("with"), parts: &c.source.parts}
		if with := report.tree.find(b.at); with != nil && with.kind == mapping {
			decoder{report}.value(with, reflect.ValueOf(p.With).Elem(), b.at)
		}
		p.With.Check(b)
		c.Providers[name] = p
	}
}

func refuseKind(kind string, kinds []providers.Kind, report *Report, at path) {
	var known []string
	for _, k := range kinds {
		known = append(known, k.Name)
	}
	n := report.tree.find(at)
	if kind == "" || n == nil {
		report.Refuse("the provider needs a kind; write one of "+listed(known), at...)
		return
	}
	report.Refuse(n.say()+" names no kind; "+choose(n, known), at...)
}
