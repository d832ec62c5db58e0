package inhouse

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/providers"
)

func TestStateNeverChanges(t *testing.T) {
	t.Parallel()
	r := recipe{
		keyID: "k1", reference: "ref", salt: [saltSize]byte(ascendingBytes(0, saltSize)),
		generation: 2, alphabet: providers.Alphanumeric, length: 8,
	}
	const want = "01" + "03" + "08" + "00000002" + "000102030405060708090a0b0c0d0e0f" + "026b31" + "03726566"
	if got := hex.EncodeToString(r.encode()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStateComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := recipes().Draw(t, "recipe")
		if got, err := decode(r.encode()); err != nil || got != r {
			t.Fatalf("got %+v %v, want %+v", got, err, r)
		}
	})
}

func TestStateThatIsNone(t *testing.T) {
	t.Parallel()
	good := recipe{keyID: "k1", reference: "ref", alphabet: providers.Numeric, length: 6}.encode()
	with := func(i int, b byte) []byte {
		s := bytes.Clone(good)
		s[i] = b
		return s
	}
	for name, state := range map[string][]byte{
		"nothing":             nil,
		"another version":     with(0, 2),
		"an unknown alphabet": with(1, 4),
		"no alphabet":         with(1, 0),
		"a short code":        with(2, minLength-1),
		"a long code":         with(2, maxLength+1),
		"a longer key id":     with(fixedSize, 9),
		"a shorter key id":    with(fixedSize, 1),
		"a longer reference":  with(fixedSize+3, 4),
		"something behind":    append(bytes.Clone(good), 0),
		"json":                []byte(`{"v":1,"key":"k1","reference":"01jtdre6ga9vqk1ce154p0jjwr"}`),
	} {
		if r, err := decode(state); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
	for size := range len(good) {
		if _, err := decode(good[:size]); err == nil {
			t.Errorf("the first %d bytes are read", size)
		}
	}
}

func TestStateHoldsNoCode(t *testing.T) {
	t.Parallel()
	key := newCodeKey(providers.NewSecret(string(ascendingBytes(0, 32))))
	for range 200 {
		r := newRecipe("k1", "01jtdre6ga9vqk1ce154p0jjwr", providers.Granted{Length: 10, Alphabet: providers.Alphanumeric})
		code := key.code(r).Reveal()
		if strings.Contains(strings.ToUpper(string(r.encode())), code) || bytes.Contains(r.encode(), ascendingBytes(0, 32)) {
			t.Fatal("the state holds the code or the key")
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(recipe{keyID: "k1", reference: "ref", alphabet: providers.Numeric, length: 6}.encode())
	f.Add([]byte{})
	f.Add([]byte{stateVersion})
	f.Fuzz(func(t *testing.T, state []byte) {
		r, err := decode(state)
		if err != nil {
			return
		}
		if !bytes.Equal(r.encode(), state) {
			t.Error("two states are read as the same recipe")
		}
		if code := newCodeKey(providers.NewSecret("key")).code(r).Reveal(); len(code) != r.length {
			t.Error("the code has another length")
		}
	})
}
