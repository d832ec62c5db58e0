// Package providertest is the suite that every provider passes. A provider's test names it once, with a [Fixture]; what
// cannot apply to an upstream is skipped by name, with a reason.
package providertest
