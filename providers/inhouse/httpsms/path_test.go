package httpsms

import (
	"slices"
	"testing"

	"github.com/goccy/go-json/jsontext"
)

const document1 = ` {
	"status": "ok", "code": 2000, "big": 9122821270554876574, "price": 1.50, "done": true, "not": false, "none": null,
	"empty": "", "no items": [ ], "no members": {}, "dot.ted": "x", "quoted": "a\"\u00e9\n",
	"data": [{"id": "a", "status": "sent"}, {"invalid numbers": ["1", "2"]}, {"id": "b"}, [["deep"]], null],
	"summary": {"_id": "s-1", "sent": {"total": 1}}
} `

func TestPathsLeadToSimpleValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"status":                     {"ok"},
		"code":                       {"2000"},
		"big":                        {"9122821270554876574"},
		"price":                      {"1.50"},
		"done":                       {"true"},
		"not":                        {"false"},
		"none":                       nil,
		"empty":                      {""},
		"no items":                   {"[]"},
		"no members":                 {"{}"},
		"quoted":                     {"a\"é\n"},
		"missing":                    nil,
		"Status":                     nil,
		"data":                       nil,
		"summary":                    nil,
		"summary._id":                {"s-1"},
		"summary.sent.total":         {"1"},
		"summary[0]":                 nil,
		"summary[*]":                 nil,
		"status.more":                nil,
		"status[0]":                  nil,
		"data[0].id":                 {"a"},
		"data[2].id":                 {"b"},
		"data[9].id":                 nil,
		"data[*].id":                 {"a", "b"},
		"data[*].invalid numbers":    nil,
		"data[1].invalid numbers[1]": {"2"},
		"data[*].invalid numbers[*]": {"1", "2"},
		"data[3][0][0]":              {"deep"},
		"data[4]":                    nil,
		"missing | status":           {"ok"},
		"status|code":                {"ok"},
		"none|empty|status":          {""},
		"data[*].none | code":        {"2000"},
	} {
		p, ok := parsePath(text)
		if got := p.find(jsontext.Value(document1)); !ok || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestPathsIntoLists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{"[0]": {"a"}, "[1][0]": {"b"}, "[*]": {"a"}, "[*][*]": {"b"}, "a": nil} {
		p, ok := parsePath(text)
		if got := p.find(jsontext.Value(`["a", ["b"]]`)); !ok || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestNothingIsFoundInNothing(t *testing.T) {
	t.Parallel()
	p, _ := parsePath("a.b[0] | [*] | c")
	for _, doc := range []string{"", " ", "null", `{"a":`, "true", `{"a":{"a":1,"a":2}}`} {
		if got := p.find(jsontext.Value(doc)); len(got) != 0 {
			t.Errorf("%q: got %q", doc, got)
		}
	}
	if got := path(nil).find(jsontext.Value(`{"a":1}`)); got != nil {
		t.Errorf("no path leads to %q", got)
	}
}

func TestWhatIsNoPath(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", ".", "a.", ".a", "a..b", "a[", "a]", "a[]", "a[x]", "a[-1]", "a[1", "a[1]b", "a.[0]", "[0]a", "a|", "|a",
		"a[99999999999999999999]", "a[65536]", "a[*", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q",
	} {
		if p, ok := parsePath(text); ok || p != nil {
			t.Errorf("%q is read as %v", text, p)
		}
	}
}
