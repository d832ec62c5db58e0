package main

import (
	"runtime"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
)

// The parts of CycloneDX 1.6 that are used (https://cyclonedx.org/docs/1.6/json/). It has neither a time nor a serial
// number: the same sources make the same file.
type bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type     string   `json:"type"`
	Ref      string   `json:"bom-ref"`
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	PURL     string   `json:"purl,omitempty"`
	Licences []choice `json:"licenses,omitempty"`
}

type choice struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

// billOfMaterials lists what the program is made of.
func billOfMaterials(modules []module, version string) ([]byte, error) {
	b := bill{Format: "CycloneDX", Spec: "1.6", Version: 1}
	b.Metadata.Component = part("application", module{name: own, version: version})
	b.Metadata.Component.Licences = choices([]string{"Apache-2.0"})
	for _, m := range modules {
		kind := "library"
		if m.version == "embedded" {
			kind = "file"
		}
		if m.name == "std" {
			m.version = runtime.Version()[len("go"):]
		}
		c := part(kind, m)
		c.Licences = choices(m.names())
		b.Components = append(b.Components, c)
	}
	text, err := json.Marshal(b, jsontext.WithIndent("  "))
	return append(text, '\n'), err
}

func part(kind string, m module) component {
	ref := "pkg:golang/" + m.name + "@" + m.version
	c := component{Type: kind, Ref: ref, Name: m.name, Version: m.version, PURL: ref}
	if kind == "file" {
		c.PURL = ""
	}
	return c
}

func choices(names []string) []choice {
	all := make([]choice, len(names))
	for i, name := range names {
		all[i].Licence.ID = name
	}
	return all
}
