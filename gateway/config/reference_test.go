package config_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-json/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/config"
)

// The reference and the schema are made of the same structs by different hands: they must know the same keys.
func TestReferenceHasEveryKeyOfTheSchema(t *testing.T) {
	t.Parallel()
	text, err := config.Schema(kinds())
	if err != nil {
		t.Fatal(err)
	}
	var schema shape
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	want := schema.paths("")
	for _, kind := range schema.in("properties").in("providers").in("additionalProperties").list("allOf") {
		want = append(want, kind.in("then").in("properties").in("with").paths("with")...)
	}
	var got []string
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	for _, match := range row.FindAllStringSubmatch(config.Reference(kinds()), -1) {
		got = append(got, strings.ReplaceAll(match[1], "<locale>", "<name>"))
	}
	// An app's defaults are told of once, with the file's; keys that a kind reads later are told of in one row.
	aside := func(p string) bool {
		return strings.HasPrefix(p, "apps.<name>.defaults.") || strings.HasSuffix(p, ".*")
	}
	want, got = slices.DeleteFunc(want, aside), slices.DeleteFunc(got, aside)
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], "<channel>", "<name>")
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// shape is a part of a JSON Schema; nil where the schema says no more than yes or no.
type shape map[string]any

func (s shape) in(name string) shape {
	below, _ := s[name].(map[string]any)
	return below
}

func (s shape) list(name string) []shape {
	var all []shape
	members, _ := s[name].([]any)
	for _, member := range members {
		below, _ := member.(map[string]any)
		all = append(all, below)
	}
	return all
}

// paths are those of every key below at, and of a map within a map.
func (s shape) paths(at string) []string {
	var all []string
	for name := range s.in("properties") {
		path := strings.TrimPrefix(at+"."+name, ".")
		if at != "" {
			all = append(all, path)
		}
		all = append(all, s.in("properties").in(name).paths(path)...)
	}
	for _, one := range s.list("anyOf") {
		all = append(all, one.paths(at)...)
	}
	if below := s.in("additionalProperties"); below != nil {
		if below.in("additionalProperties") != nil {
			all = append(all, at+".<name>")
		}
		all = append(all, below.paths(at+".<name>")...)
	}
	if items := s.in("items"); items != nil {
		all = append(all, items.paths(at+"[]")...)
	}
	return all
}

func TestReferenceTells(t *testing.T) {
	t.Parallel()
	text := config.Reference(kinds())
	for rule, want := range map[string]string{
		"a block with what it is":        "## `server`\n\nThe public listener.\n",
		"a default":                      "| `server.request_timeout` | duration | `10s` |  | Longest time that a request",
		"words":                          "| `store.sqlite.synchronous` | word | `normal` | `normal`, `full` |",
		"a range":                        "| `defaults.code.length` | whole number | `6` | 4 to 10 |",
		"an open range":                  "| `providers.<name>.max_per_second` | number | `0` | at least 0 |",
		"a list with a default":          "| `limits.recipient` | limit, or list of limits | `[5/10m, 10/24h]` |",
		"a list without one":             "| `server.trusted_proxies` | list of texts | `[]` |",
		"words in a list":                "| `apps.<name>.keys[].scopes` | list of words | *must be set* | `send`, `verify`,",
		"no value that is out of range":  "| `routes[].use[].weight` | whole number | – | 1 to 10000 |",
		"what follows from another key":  "| `providers.<name>.breaker.slow_call` | duration | – |  | A call that takes longer",
		"a block that was told before":   "| `apps.<name>.defaults` | block | those of `defaults` |",
		"a map within a map":             "| `templates.<name>` | text, or texts by channel, for each locale | – |",
		"a text of a channel":            "| `templates.<name>.<locale>.email` | text | `\"\"` |  | By e-mail, in place of default. |",
		"the kinds there are":            "| `providers.<name>.kind` | word | *must be set* | `hubtel`, `inhouse`, `bridge` |",
		"a default of a kind":            "| `with.base_url` | text | `https://api-otp.hubtel.com` |",
		"what a kind cannot do without":  "| `with.client_id` | secret | *must be set* |",
		"what a kind only warns of":      "| `with.sender` | text | `\"\"` |",
		"a block whose shape comes late": "| `with.transports.<channel>.*` | any |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: the reference lacks %s", rule, want)
		}
	}
	if config.Reference(kinds()) != text {
		t.Error("the reference is not the same every time")
	}
}
