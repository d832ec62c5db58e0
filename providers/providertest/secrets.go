package providertest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// failed checks what every failure of op must be, and returns it.
func (b *bench) failed(t *testing.T, err error, op string, hidden ...string) *providers.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("%s succeeded", op)
	}
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("%s failed with %T, not with a *providers.Error", op, err)
	}
	if e.Provider != name || e.Op != op {
		t.Errorf("the error names provider %q and operation %q, not %q and %q", e.Provider, e.Op, name, op)
	}
	b.searched(t, "the error", fmt.Sprintf("%v %+v %#v", err, err, *e), hidden...)
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		b.searched(t, "a cause", fmt.Sprintf("%s %+v %#v", cause.Error(), cause, cause), hidden...)
	}
	return e
}

// searched fails the test when text shows a credential or one of hidden: codes, numbers, addresses.
func (b *bench) searched(t *testing.T, where, text string, hidden ...string) {
	t.Helper()
	for _, secret := range slices.Concat(b.fixture.Secrets, hidden) {
		if secret != "" && shows(text, secret) {
			t.Errorf("%s shows what must stay hidden", where)
		}
	}
}

// shows tells whether text holds secret. What is as short as a code is part of many a longer word by chance, so it has
// to stand alone.
func shows(text, secret string) bool {
	const long = 9
	if found := strings.Contains(text, secret); !found || len(secret) >= long {
		return found
	}
	return regexp.MustCompile(`(^|[^0-9A-Za-z])` + regexp.QuoteMeta(secret) + `($|[^0-9A-Za-z])`).MatchString(text)
}

// spellings are the ways to write a recipient that no error may hold.
func spellings(to providers.Recipient) []string {
	return []string{to.Address(), to.Digits(), to.National()}
}
