// Package docs holds the generated documents that the program hands out.
package docs

import _ "embed" // for the schema

// ConfigSchema is the JSON Schema of the configuration, as `make generate` makes it of the types of gateway/config. The
// program carries the text and not what makes it, which would be half a megabyte of parsers.
//
//go:embed config.schema.json
var ConfigSchema []byte
