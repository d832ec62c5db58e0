package config

import "reflect"

// block is a provider's `with` block, as its kind sees it. It implements providers.Block.
type block struct {
	report *Report
	at     path
	parts  *[]part
}

// part is a piece of a block that the kind decoded itself.
type part struct {
	at   path
	into any
}

// Refuse reports a mistake in the field at path.
func (b block) Refuse(text string, path ...string) { b.report.Refuse(text, b.at.in(path...)...) }

// Warn reports something in the field at path that is probably not meant.
func (b block) Warn(text string, path ...string) { b.report.Warn(text, b.at.in(path...)...) }

// Decode reads the value at path into what into points to.
func (b block) Decode(into any, path ...string) bool {
	at := b.at.in(path...)
	n := b.report.tree.find(at)
	if n == nil {
		b.report.Refuse("the settings are missing", at...)
		return false
	}
	before := len(b.report.Errors)
	decoder{b.report}.value(n, reflect.ValueOf(into).Elem(), at)
	*b.parts = append(*b.parts, part{at, into})
	return len(b.report.Errors) == before
}
