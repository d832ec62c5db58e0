package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// licence is known by what stands in its text, all of it, and by what does not.
type licence struct {
	name    string // SPDX's
	allowed bool   // in a program that is handed on under Apache-2.0
	has     []string
	lacks   []string
}

const (
	permission = "permission is hereby granted free of charge to any person obtaining a copy of this software"
	asIs       = "the software is provided as is without warranty of any kind"
	isc        = "permission to use copy modify and or distribute" + forFree
	iscOld     = "permission to use copy modify and distribute" + forFree
	forFree    = " this software for any purpose with or without fee is hereby granted"
	bsd        = "redistribution and use in source and binary forms with or without modification are permitted"
	keep       = "provided that the above copyright notice and this permission notice appear in all copies"
	endorse    = "may be used to endorse or promote products derived from this software"
	advertise  = "all advertising materials mentioning features"
)

// licences are those that are known, allowed or not. Words are compared, not letters, commas and line ends.
func licences() []licence {
	return []licence{
		{name: "MIT", allowed: true, has: []string{permission, asIs}},
		{name: "ISC", allowed: true, has: []string{isc, keep}},
		{name: "ISC", allowed: true, has: []string{iscOld, keep}},
		{name: "0BSD", allowed: true, has: []string{isc}, lacks: []string{keep}},
		{name: "BSD-2-Clause", allowed: true, has: []string{bsd}, lacks: []string{endorse, advertise}},
		{name: "BSD-3-Clause", allowed: true, has: []string{bsd, endorse}, lacks: []string{advertise}},
		{name: "Apache-2.0", allowed: true, has: []string{"apache license version 2 0"}},
		{name: "MPL-2.0", allowed: true, has: []string{"mozilla public license version 2 0"}},
		{name: "Unlicense", allowed: true, has: []string{"free and unencumbered software released into the public domain"}},
		{name: "blessing", allowed: true, has: []string{"sqlite has been dedicated to the public domain by the authors"}},
		{name: "BSD-4-Clause", has: []string{bsd, advertise}},
		{name: "GPL", has: []string{"gnu general public license version 2 june 1991"}},
		{name: "GPL", has: []string{"gnu general public license version 3 29 june 2007"}},
		{name: "LGPL", has: []string{"gnu lesser general public license version 2 1 february 1999"}},
		{name: "LGPL", has: []string{"gnu lesser general public license version 3 29 june 2007"}},
		{name: "AGPL", has: []string{"gnu affero general public license version 3 19 november 2007"}},
		{name: "SSPL", has: []string{"server side public license"}},
		{name: "BUSL", has: []string{"business source license"}},
		{name: "Commons-Clause", has: []string{"commons clause"}},
		{name: "Elastic", has: []string{"elastic license"}},
		{name: "CC", has: []string{"creative commons attribution"}},
	}
}

// recognise names the licences whose words a text has, sorted and once each.
func recognise(text string) []string {
	words := normal(text)
	var names []string
	for _, l := range licences() {
		contains := func(phrase string) bool { return strings.Contains(words, " "+phrase+" ") }
		misses := func(phrase string) bool { return !contains(phrase) }
		if !slices.ContainsFunc(l.has, misses) && !slices.ContainsFunc(l.lacks, contains) {
			names = append(names, l.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// normal is a text as its words in lower case, one space between them and at both ends.
func normal(text string) string {
	between := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	words := strings.FieldsFunc(strings.ToLower(text), between)
	return " " + strings.Join(words, " ") + " "
}

// excused are files that are named like a licence, say nothing about the program, and why that is so.
func excused() map[string]string {
	return map[string]string{
		"modernc.org/memory LICENSE-LOGO": "the origin of a picture in its README",
	}
}

// judge says what is wrong: a module without a licence, a file that is not understood, a licence that is not allowed.
func judge(modules []module) []error {
	allowed, excuses := map[string]bool{}, excused()
	for _, l := range licences() {
		allowed[l.name] = l.allowed
	}
	var problems []error
	refuse := func(format string, arguments ...any) { problems = append(problems, fmt.Errorf(format, arguments...)) }
	for _, m := range modules {
		if len(m.names()) == 0 {
			refuse("%s %s: it has no licence that is known", m.name, m.version)
		}
		for _, n := range m.notices {
			if excuses[m.name+" "+n.file] == "" && len(n.licences) == 0 {
				refuse("%s: %s is not understood; read it, then teach recognise.go", m.name, n.file)
			}
			for _, name := range n.licences {
				if !allowed[name] {
					refuse("%s: %s is under %s, which is not allowed", m.name, n.file, name)
				}
			}
		}
	}
	return problems
}

// names are the licences of a module, sorted and once each.
func (m module) names() []string {
	var names []string
	for _, n := range m.notices {
		names = append(names, n.licences...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
