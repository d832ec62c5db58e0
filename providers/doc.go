// Package providers holds the contract between otpgate and the upstreams that carry codes, and the vocabulary that
// both sides speak: channels, alphabets, recipients, secrets, error classes.
//
// A provider is one configured upstream, an instance of a kind: "hubtel-gh" of kind "hubtel". It has three methods and
// no more ([Provider]); what only some upstreams can do is an interface of its own ([Resender], [StatusReader], …) that
// is looked for once, when the provider is built.
//
// Three rules bind every provider:
//
//   - It keeps nothing between calls. Whatever it needs to check a code later travels in [Handle.State], which only it
//     can read and which it versions itself.
//   - It never retries. Moving on is routing's decision, and a verify is never repeated by anybody.
//   - It approves only on the exact success signal that the upstream documents. Everything else is either a wrong code,
//     where the upstream says so in as many words, or an [*Error] with the [Class] that tells what the failure means.
package providers
