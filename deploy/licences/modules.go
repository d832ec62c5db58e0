package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is one that the program is linked with, or a folder of files of others that a package of the program embeds.
type module struct {
	name, version string
	notices       []notice
}

// notice is one file that says how something may be used.
type notice struct {
	file     string // relative to the module's folder
	text     string
	licences []string // by SPDX's names, sorted
}

// isNotice are the names of such files. NOTICE files are not among them: they grant nothing.
var isNotice = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-._].*)?$`)

const own = "github.com/otpgate/otpgate"

// tags are those of a release.
const tags = "grpcnotrace"

// place is a folder whose files go into the program, and the module's folder that it is in.
type place struct{ module, version, root, folder string }

// linked lists the modules of which a package is compiled in, for any of the operating systems, with the licences that
// stand in the packages' folders and above. Go itself is the first.
func linked(ctx context.Context, pkg string, systems []string) ([]module, error) {
	found := map[string]*module{}
	for _, system := range systems {
		places, err := list(ctx, pkg, system)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			if err := p.read(found); err != nil {
				return nil, err
			}
		}
	}
	all, err := goItself(ctx)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[name])
	}
	return all, err
}

// list asks Go which packages are compiled in. The files that the program's own packages embed may be others' work:
// their folders are listed as well.
func list(ctx context.Context, pkg, system string) ([]place, error) {
	const format = `{{with .Module}}{{.Path}}	{{.Version}}	{{.Dir}}	{{$.Dir}}	{{join $.EmbedFiles "|"}}{{end}}`
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", tags, "-f", format, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if system != "" {
		cmd.Env = append(cmd.Env, "GOOS="+system, "GOARCH=amd64")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var places []place
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 5 { // the standard library
			continue
		}
		p := place{fields[0], fields[1], fields[2], fields[3]}
		if p.module != own {
			places = append(places, p)
			continue
		}
		for file := range strings.SplitSeq(fields[4], "|") {
			if folder := filepath.Dir(file); file != "" && folder != "." {
				places = append(places, p.embedded(filepath.Join(p.folder, folder)))
			}
		}
	}
	return places, nil
}

// embedded is a folder below one of the program's own packages. It is called by its path.
func (p place) embedded(folder string) place {
	name, err := filepath.Rel(p.root, folder)
	if err != nil {
		name = folder
	}
	return place{filepath.ToSlash(name), "embedded", p.folder, folder}
}

// read adds the licences that stand in the folder, and in those above it up to the module's.
func (p place) read(found map[string]*module) error {
	m := found[p.module]
	if m == nil {
		m = &module{name: p.module, version: p.version}
	}
	for folder := p.folder; ; folder = filepath.Dir(folder) {
		if err := m.add(p.root, folder); err != nil {
			return err
		}
		if folder == p.root || len(folder) < len(p.root) {
			break
		}
	}
	if p.version != "embedded" || len(m.notices) > 0 { // what the program's own authors wrote has its licence
		found[p.module] = m
	}
	return nil
}

func (m *module) add(root, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		file := filepath.Join(folder, entry.Name())
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		seen := slices.ContainsFunc(m.notices, func(n notice) bool { return n.file == filepath.ToSlash(name) })
		if entry.IsDir() || seen || !isNotice.MatchString(entry.Name()) || strings.HasSuffix(name, ".go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		m.notices = append(m.notices, notice{filepath.ToSlash(name), string(text), recognise(string(text))})
	}
	return nil
}

// goItself is Go, whose runtime and library are in every program.
func goItself(ctx context.Context) ([]module, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	m := module{name: "std", version: "as built"}
	root := strings.TrimSpace(string(out))
	return []module{m}, (&m).add(root, root)
}
