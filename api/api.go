// Package api holds the contract of the public API as an OpenAPI 3.1 document: the source of truth for its routes,
// fields, codes and headers.
package api

import _ "embed"

//go:embed openapi.yaml
var document string

// Document is the OpenAPI document, in YAML.
func Document() string { return document }
