// Package store holds what all stores share: the rules of idempotency keys, and the refusals that are the store's own
// and not the domain's. The stores themselves are the packages below it; storetest is the suite that each passes.
package store
