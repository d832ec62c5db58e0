package inhouse

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// key is a code key whose bytes are told apart by fill.
func key(id string, fill byte) providers.CodeKey {
	return providers.CodeKey{ID: id, Key: providers.NewSecret(strings.Repeat(string(rune(fill)), minKeySize))}
}

func TestKeysThatCannotServe(t *testing.T) {
	t.Parallel()
	short := providers.CodeKey{ID: "k2", Key: providers.NewSecret(strings.Repeat("q", minKeySize-1))}
	for name, c := range map[string]struct {
		keys []providers.CodeKey
		says string
	}{
		"none":         {nil, "add one to code_keys"},
		"no id":        {[]providers.CodeKey{key("", 'a')}, "code_keys[0]: the id must have"},
		"overlong id":  {[]providers.CodeKey{key(strings.Repeat("k", 256), 'a')}, "code_keys[0]: the id must have"},
		"same id":      {[]providers.CodeKey{key("k1", 'a'), key("k1", 'b')}, `code_keys[1]: the id "k1" is taken`},
		"short key":    {[]providers.CodeKey{key("k1", 'a'), short}, "code_keys[1]: the key must have at least 32 bytes"},
		"no key bytes": {[]providers.CodeKey{{ID: "k1"}}, "code_keys[0]: the key must have"},
	} {
		_, err := new(Options).Build(providers.Environment{Name: "own", CodeKeys: c.keys})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "qqq") {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
