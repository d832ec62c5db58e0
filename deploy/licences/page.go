package main

import (
	"bytes"
	"fmt"
	"strings"
)

const pageHead = `# Licences

otpgate is under [Apache-2.0](../LICENSE). These modules are linked into it, on Linux or macOS; what only tests and
tools use is not among them. A release and the image carry all texts in THIRD-PARTY.txt. This page is made by
"make notices"; "make licences" refuses a licence that is unknown or not allowed.

MPL-2.0 asks that changes of its files are published, and nothing while they are used unchanged, as here. Several
licences of one module bear on different parts of it.

| module | version | licence |
|---|---|---|
`

// page is docs/licences.md. Go stands without its version, which is that of whoever builds.
func page(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, m := range modules {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, m.version, strings.Join(m.names(), ", "))
	}
	return b.Bytes()
}

// texts is every licence in full.
func texts(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString("otpgate holds the work of others, under these licences.\n")
	line := strings.Repeat("=", 80)
	for _, m := range modules {
		for _, n := range m.notices {
			if len(n.licences) > 0 {
				fmt.Fprintf(&b, "\n%s\n%s %s: %s\n\n%s\n", line, m.name, m.version, n.file, strings.TrimSpace(n.text))
			}
		}
	}
	return b.Bytes()
}
