package providertest

import "strings"

// Block is a [providers.Block] for tests of options: it keeps what was reported, each as "path: text", warnings with
// "warning: " before the text. It has nothing to decode.
type Block []string

// Refuse keeps a mistake.
func (b *Block) Refuse(text string, path ...string) {
	*b = append(*b, strings.Join(path, ".")+": "+text)
}

// Warn keeps a warning.
func (b *Block) Warn(text string, path ...string) { b.Refuse("warning: "+text, path...) }

// Decode finds nothing.
func (*Block) Decode(any, ...string) bool { return false }
