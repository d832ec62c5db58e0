// Package config reads the gateway's YAML file, strictly: every key means something, every mistake is reported with
// line and column, all of them in one go, and nothing that came from the environment or a secret file is ever quoted.
//
// A file becomes a [Config] in five steps. The YAML library parses it. A tree of places is built of it, aliases
// resolved and ${…} expanded in values, so that a secret with a colon in it cannot change the document. The tree is
// decoded over the defaults. The kinds of providers decode and check their own `with` blocks. What the parts say
// together is validated last. The walk from tree to struct is this package's own, because the library's names Go types,
// quotes values and knows no defaults within maps.
package config
