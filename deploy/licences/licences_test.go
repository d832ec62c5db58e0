package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Sentences by which the licences are known, with the line ends, commas and signs that files have.
const (
	mit = `Permission is hereby granted, free of charge, to any person obtaining a copy
		of this software and associated documentation files …
		THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND`
	bsd2 = `// Redistribution and use in source and binary forms, with or without
		// modification, are permitted provided that the following conditions are met:`
	bsd3 = bsd2 + ` Neither the names of the authors nor others may be used to endorse or promote products
		derived from this software without …`
	free = `Permission to use, copy, modify, and/or distribute this software for any purpose with
		or without fee is hereby granted`
	kept = `, provided that the above copyright notice and this permission notice appear in all copies.`
)

func TestLicencesAreKnownByTheirWords(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"MIT":              {mit, []string{"MIT"}},
		"BSD of two":       {bsd2, []string{"BSD-2-Clause"}},
		"BSD of three":     {bsd3, []string{"BSD-3-Clause"}},
		"BSD of four":      {bsd3 + " All advertising materials mentioning features", []string{"BSD-4-Clause"}},
		"ISC":              {free + kept, []string{"ISC"}},
		"0BSD":             {free + ".", []string{"0BSD"}},
		"Apache":           {"Apache License\n   Version 2.0, January 2004", []string{"Apache-2.0"}},
		"MPL":              {"Mozilla Public License, version 2.0", []string{"MPL-2.0"}},
		"two in one":       {mit + "\n\n" + bsd3, []string{"BSD-3-Clause", "MIT"}},
		"GPL":              {"GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007", []string{"GPL"}},
		"MIT with a catch": {`"Commons Clause" License Condition v1.0 ` + mit, []string{"Commons-Clause", "MIT"}},
		"half of MIT":      {mit[:100], nil},
		"none":             {"All rights reserved.", nil},
		"part of a word":   {"Mozilla Public License, version 2.05", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, recognise(test.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsUnknownOrForbiddenIsRefused(t *testing.T) {
	t.Parallel()
	good := notice{file: "LICENSE", licences: []string{"MIT"}}
	for name, test := range map[string]struct {
		notices []notice
		want    string
	}{
		"no licence":          {nil, "it has no licence that is known"},
		"not understood":      {[]notice{good, {file: "COPYING"}}, "COPYING is not understood"},
		"not allowed":         {[]notice{{file: "LICENSE", licences: []string{"AGPL", "MIT"}}}, "AGPL, which is not allowed"},
		"allowed":             {[]notice{good}, ""},
		"excused by its name": {[]notice{good, {file: "LICENSE-LOGO"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := judge([]module{{name: "modernc.org/memory", version: "v1", notices: test.notices}})
			if test.want == "" && len(problems) != 0 || test.want != "" && (len(problems) != 1 ||
				!strings.Contains(problems[0].Error(), test.want)) {
				t.Errorf("%v", problems)
			}
		})
	}
}

// A licence that stands beside a package bears on it, besides the module's own; one beside a package that is not linked
// does not.
func TestLicencesAreLookedForOnTheWayUp(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for file, text := range map[string]string{
		"LICENSE": mit, "in/LICENCE.txt": bsd3, "in/side/x.go": "", "in/licenses.go": "package in", "beside/COPYING": "GPL",
	} {
		write(t, filepath.Join(root, file), text)
	}
	found := map[string]*module{}
	p := place{"example.com/m", "v1", root, filepath.Join(root, "in", "side")}
	for range 2 { // two packages of one folder
		if err := p.read(found); err != nil {
			t.Fatal(err)
		}
	}
	m := found["example.com/m"]
	if diff := cmp.Diff([]string{"BSD-3-Clause", "MIT"}, m.names()); diff != "" || len(m.notices) != 2 {
		t.Errorf("%+v\n%s", m, diff)
	}
}

// Files that a package of the program embeds may be others' work: then a licence lies beside them.
func TestEmbeddedFilesOfOthersAreListed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "LICENSE"), "Apache License Version 2.0")
	write(t, filepath.Join(root, "page", "theirs", "LICENSE"), mit)
	write(t, filepath.Join(root, "page", "ours", "page.css"), "")
	found := map[string]*module{}
	p := place{own, "", root, filepath.Join(root, "page")}
	for _, folder := range []string{"theirs", "ours"} {
		if err := p.embedded(filepath.Join(p.folder, folder)).read(found); err != nil {
			t.Fatal(err)
		}
	}
	if m := found["page/theirs"]; len(found) != 1 || m == nil || !slices.Equal(m.names(), []string{"MIT"}) {
		t.Errorf("%+v", found)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What Go lists is what Go links: this test is a program that is linked with some modules, and knows them.
func TestListedIsWhatIsLinked(t *testing.T) {
	t.Parallel()
	modules, err := linked(t.Context(), ".", []string{""})
	if err != nil {
		t.Fatal(err)
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || len(modules) < 2 || modules[0].name != "std" {
		t.Fatalf("%v %+v", ok, modules)
	}
	for _, m := range modules[1:] {
		if !slices.ContainsFunc(info.Deps, func(d *debug.Module) bool { return d.Path == m.name && d.Version == m.version }) {
			t.Errorf("%s %s is listed, and not linked", m.name, m.version)
		}
	}
	if problems := judge(modules); len(problems) != 0 {
		t.Error(problems)
	}
}

func TestPageThatLiesIsFound(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "licences.md")
	modules := []module{{name: "example.com/m", version: "v1", notices: []notice{{licences: []string{"MIT"}}}}}
	var out strings.Builder
	write(t, file, "| `example.com/m` | v0 | MIT |\n")
	if err := (options{check: file}).write(modules, &out); err == nil {
		t.Error("an old page passes")
	}
	if err := (options{page: file}).write(modules, &out); err != nil {
		t.Error(err)
	}
	if err := (options{check: file}).write(modules, &out); err != nil {
		t.Error(err)
	}
}

func TestBillNamesEveryPart(t *testing.T) {
	t.Parallel()
	modules := []module{
		{name: "std", version: "as built", notices: []notice{{licences: []string{"BSD-3-Clause"}}}},
		{name: "example.com/m", version: "v1.2.3", notices: []notice{{licences: []string{"MIT", "Apache-2.0"}}}},
		{name: "page/theirs", version: "embedded", notices: []notice{{licences: []string{"MIT"}}}},
	}
	text, err := billOfMaterials(modules, "v9")
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range append(b.Components, b.Metadata.Component) {
		if len(c.Licences) == 0 {
			t.Errorf("%s has no licence", c.Name)
		}
		if strings.Contains(c.PURL, "@go") || strings.Contains(c.PURL, "as built") {
			t.Errorf("%s is no version of Go", c.PURL)
		}
		got = append(got, c.Type+" "+c.Name)
	}
	want := []string{"library std", "library example.com/m", "file page/theirs", "application " + own}
	if diff := cmp.Diff(want, got); diff != "" || b.Format != "CycloneDX" ||
		b.Components[1].PURL != "pkg:golang/example.com/m@v1.2.3" {
		t.Errorf("%s\n%s", diff, text)
	}
}

func TestTextsAreWhole(t *testing.T) {
	t.Parallel()
	got := string(texts([]module{{name: "m", version: "v1", notices: []notice{
		{file: "LICENSE", text: mit, licences: []string{"MIT"}}, {file: "LICENSE-LOGO", text: "a picture"},
	}}}))
	if !strings.Contains(got, "m v1: LICENSE\n") || !strings.Contains(got, mit) || strings.Contains(got, "a picture") {
		t.Error(got)
	}
}
