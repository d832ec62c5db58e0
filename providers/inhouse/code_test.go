package inhouse

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/providers"
)

// ascendingBytes are n bytes that count up from first.
func ascendingBytes(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

// A vector that fails here means that every live code dies with the upgrade. The vectors come from another
// implementation, in another language, of what [recipe.derive] says.
func TestDerivationNeverChanges(t *testing.T) {
	t.Parallel()
	first := newCodeKey(providers.NewSecret(string(ascendingBytes(0, 32))))
	second := newCodeKey(providers.NewSecret(strings.Repeat("\xff", 64)))
	ascending, zero := [saltSize]byte(ascendingBytes(100, saltSize)), [saltSize]byte{}
	for _, v := range []struct {
		key        *codeKey
		reference  string
		salt       [saltSize]byte
		generation uint32
		alphabet   providers.Alphabet
		length     int
		want       string
	}{
		{first, testReference, ascending, 0, providers.Numeric, 4, "0300"},
		{first, testReference, ascending, 0, providers.Numeric, 6, "536170"},
		{first, testReference, ascending, 0, providers.Numeric, 10, "3087783056"},
		{first, testReference, ascending, 0, providers.Alphabetic, 4, "ZTKB"},
		{first, testReference, ascending, 0, providers.Alphabetic, 6, "JGRVWC"},
		{first, testReference, ascending, 0, providers.Alphabetic, 10, "JHMFBTNBVC"},
		{first, testReference, ascending, 0, providers.Alphanumeric, 4, "JM69"},
		{first, testReference, ascending, 0, providers.Alphanumeric, 6, "MHFHFV"},
		{first, testReference, ascending, 0, providers.Alphanumeric, 10, "96FNT6NK93"},
		{first, testReference, ascending, 1, providers.Numeric, 6, "490021"},
		{first, testReference, ascending, math.MaxUint32, providers.Numeric, 6, "348780"},
		{first, "", zero, 0, providers.Numeric, 6, "907581"},
		{second, testReference, ascending, 0, providers.Numeric, 6, "138203"},
		{second, "réf", zero, 7, providers.Alphanumeric, 8, "5C4PCJKT"},
		// Longer than any code, to reach the second block of the stream.
		{first, testReference, ascending, 0, providers.Numeric, 40, "8871357323512811470795836749800801453391"},
		{first, testReference, ascending, 0, providers.Alphabetic, 40, "WGCQMJKDDPVGXPGXJQJXQMJHQXSSGNHJBWQMCZNJ"},
	} {
		r := recipe{"k1", v.reference, v.salt, v.generation, v.alphabet, v.length}
		if got := v.key.code(r).Reveal(); got != v.want {
			t.Errorf("%s/%d generation %d: got %s, want %s", v.alphabet, v.length, v.generation, got, v.want)
		}
	}
}

func TestEveryCharacterIsEquallyLikely(t *testing.T) {
	t.Parallel()
	const sample = 120_000 // characters; enough to see the bias that a bare remainder would have
	key := newCodeKey(providers.NewSecret(string(ascendingBytes(7, 32))))
	for _, alphabet := range providers.Alphabets() {
		for length := minLength; length <= maxLength; length++ {
			t.Run(fmt.Sprintf("%s of %d", alphabet, length), func(t *testing.T) {
				t.Parallel()
				counts := make(map[rune]int)
				for i := range sample / length {
					r := recipe{reference: fmt.Sprint(i), alphabet: alphabet, length: length}
					for _, c := range key.code(r).Reveal() {
						counts[c]++
					}
				}
				set := characters(alphabet)
				if len(counts) != len(set) {
					t.Fatalf("%d characters occur, the alphabet has %d", len(counts), len(set))
				}
				var cells []int
				for _, c := range set {
					cells = append(cells, counts[c])
				}
				unbiased(t, cells)
			})
		}
	}
}

func TestEveryCodeIsEquallyLikely(t *testing.T) {
	t.Parallel()
	const codes, sample = 10_000, 100_000
	key := newCodeKey(providers.NewSecret(string(ascendingBytes(7, 32))))
	cells := make([]int, codes)
	for i := range sample {
		r := recipe{reference: fmt.Sprint(i), alphabet: providers.Numeric, length: 4}
		n := 0
		for _, c := range key.code(r).Reveal() {
			n = 10*n + int(c-'0')
		}
		cells[n]++
	}
	unbiased(t, cells)
}

func TestTheTestSeesABias(t *testing.T) {
	t.Parallel()
	for _, alphabet := range providers.Alphabets() {
		set := characters(alphabet)
		cells := make([]int, len(set))
		for i := range 120_000 {
			cells[i%256%len(set)]++
		}
		if chiSquare(cells) <= critical(len(cells)-1) {
			t.Errorf("%s: the bias of a bare remainder goes unseen", alphabet)
		}
	}
}

// unbiased fails when cells are further from even than one honest sample in ten thousand. The samples are fixed, so
// the answer is always the same.
func unbiased(t *testing.T, cells []int) {
	t.Helper()
	if got, limit := chiSquare(cells), critical(len(cells)-1); got > limit {
		t.Errorf("chi-square is %.1f, more than %.1f with %d cells", got, limit, len(cells))
	}
}

func chiSquare(cells []int) float64 {
	total := 0
	for _, n := range cells {
		total += n
	}
	even := float64(total) / float64(len(cells))
	sum := 0.0
	for _, n := range cells {
		sum += (float64(n) - even) * (float64(n) - even) / even
	}
	return sum
}

// critical is the value that chi-square exceeds with a chance of 0.0001, after Wilson and Hilferty.
func critical(freedom int) float64 {
	const z = 3.719
	n := float64(freedom)
	return n * math.Pow(1-2/(9*n)+z*math.Sqrt(2/(9*n)), 3)
}

func TestAlphabetsHoldNoLookAlikes(t *testing.T) {
	t.Parallel()
	for alphabet, missing := range map[providers.Alphabet]string{
		providers.Alphabetic:   "AEIOUYL",
		providers.Alphanumeric: "AEIOUYL01BGSZ",
	} {
		set := characters(alphabet)
		if strings.ContainsAny(set, missing) || strings.ToUpper(set) != set || !alphabet.Admits(set) {
			t.Errorf("%s: %s", alphabet, set)
		}
		for i, c := range set {
			if strings.ContainsRune(set[i+1:], c) {
				t.Errorf("%s: %c is there twice", alphabet, c)
			}
		}
	}
}

// recipes draws any recipe that a handle may hold.
func recipes() *rapid.Generator[recipe] {
	return rapid.Custom(func(t *rapid.T) recipe {
		return recipe{
			keyID:      rapid.StringN(1, -1, maxText).Draw(t, "key id"),
			reference:  rapid.StringN(0, -1, maxText).Draw(t, "reference"),
			salt:       [saltSize]byte(rapid.SliceOfN(rapid.Byte(), saltSize, saltSize).Draw(t, "salt")),
			generation: rapid.Uint32().Draw(t, "generation"),
			alphabet:   rapid.SampledFrom(providers.Alphabets()).Draw(t, "alphabet"),
			length:     rapid.IntRange(minLength, maxLength).Draw(t, "length"),
		}
	})
}

func TestDeriveProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := newCodeKey(providers.NewSecret(string(rapid.SliceOfN(rapid.Byte(), 32, 80).Draw(t, "key"))))
		r := recipes().Draw(t, "recipe")
		code := key.code(r)
		granted := providers.Granted{Length: r.length, Alphabet: r.alphabet}
		if !granted.Fits(code.Reveal()) || strings.Trim(code.Reveal(), characters(r.alphabet)) != "" {
			t.Fatal("the code is not made of its alphabet, or not of its length")
		}
		if !code.Equal(key.code(r)) {
			t.Fatal("the same recipe gives another code")
		}
		if !normal(providers.NewSecret(strings.ToLower(code.Reveal()))).Equal(code) {
			t.Fatal("lower case is not taken")
		}
	})
}

// Each part of a recipe counts. Ten characters make a chance hit unthinkable.
func TestEveryPartOfTheRecipeCounts(t *testing.T) {
	t.Parallel()
	key := newCodeKey(providers.NewSecret(string(ascendingBytes(0, 32))))
	base := recipe{reference: "ab", alphabet: providers.Alphanumeric, length: 10}
	code := key.code(base)
	for name, change := range map[string]func(*recipe){
		"reference":       func(r *recipe) { r.reference = "ac" },
		"longer":          func(r *recipe) { r.reference = "ab\x00" },
		"salt":            func(r *recipe) { r.salt[15] = 1 },
		"generation":      func(r *recipe) { r.generation = 1 },
		"salt, reference": func(r *recipe) { r.reference, r.salt[0] = "a", 'b' },
	} {
		r := base
		change(&r)
		if key.code(r).Equal(code) {
			t.Errorf("%s: the code is the same", name)
		}
	}
	if newCodeKey(providers.NewSecret(string(ascendingBytes(1, 32)))).code(base).Equal(code) {
		t.Error("key: the code is the same")
	}
	shorter := base
	shorter.length = 9
	if strings.HasPrefix(code.Reveal(), key.code(shorter).Reveal()) {
		t.Error("length: a shorter code is a part of the longer one")
	}
}

func TestOnlyASCIILettersAreFolded(t *testing.T) {
	t.Parallel()
	for guess, want := range map[string]string{
		"abcXYZ09": "ABCXYZ09", " a b ": " A B ", "ſkı": "ſKı", "\u212a": "\u212a", "": "", "é{z`@[": "é{Z`@[",
	} {
		if got := normal(providers.NewSecret(guess)).Reveal(); got != want {
			t.Errorf("%q becomes %q, want %q", guess, got, want)
		}
	}
}

func BenchmarkDerive(b *testing.B) {
	key := newCodeKey(providers.NewSecret(string(ascendingBytes(0, 32))))
	for _, alphabet := range providers.Alphabets() {
		r := recipe{keyID: "k1", reference: "01jtdre6ga9vqk1ce154p0jjwr", alphabet: alphabet, length: 6}
		b.Run(string(alphabet), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				key.code(r)
			}
		})
	}
}
