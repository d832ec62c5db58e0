// Package upstream is HTTP as adapters need it: one call, made once, with a bounded answer and an error that already
// says what the failure means and holds nothing that must not be seen.
//
// What a failure of the road means, as far as this package can tell without knowing the upstream:
//
//   - The request was not written whole: nothing can have happened there. [providers.Transient].
//   - Time ran out while a connection was ours, or the request was written and no whole answer head came back: it may
//     have happened. [providers.Ambiguous].
//   - A head came and the body broke off. A head that says failure is taken at its word ([ClassOfStatus]). A head that
//     says success is [providers.Ambiguous], for every operation: a message may be under way, or a session may be used
//     up, and what we needed to know stood in the part that is lost.
//   - The answer is whole but is not what the upstream documents, or is larger than it could ever be:
//     [providers.Transient].
//   - The caller gave up: the class is as above, and errors.Is(err, [context.Canceled]) tells that it says nothing
//     about the upstream.
package upstream
