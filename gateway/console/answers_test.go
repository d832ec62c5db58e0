package console_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// get reads the answer to a question; an empty question is a GET.
func get[T any](t *testing.T, at, path, question string) T {
	t.Helper()
	r := request{path: path, body: question}
	if question != "" {
		r.method = http.MethodPost
	}
	resp, body := do(t, at, r)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	var out T
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

type sums struct {
	Sends, Verified int64
	Conversion      *float64
	P50             *int64 `json:"p50_ms"`
	P95             *int64 `json:"p95_ms"`
	Tries           int64
	Failovers       int64
	Costs           map[string]int64
}

type series struct {
	Name  string
	Total sums
	Steps []sums
}

type overview struct {
	Range, By, Step  string
	Times            []time.Time
	All              series
	Groups           []series
	Before           sums
	Today, Yesterday map[string]int64
}

// What the overview shows is what the reports say, whatever it is cut into.
func TestOverviewAddsUp(t *testing.T) {
	t.Parallel()
	o := options()
	at := serve(t, o)
	for _, test := range []struct {
		span, step string
		steps      int
		length     time.Duration
	}{{"24h", "hour", 24, time.Hour}, {"7d", "day", 7, 24 * time.Hour}, {"30d", "day", 30, 24 * time.Hour}} {
		for _, by := range []string{"provider", "country", "channel", "app"} {
			view := get[overview](t, at, "/api/overview?range="+test.span+"&by="+by, "")
			if view.Range != test.span || view.By != by || view.Step != test.step || len(view.Times) != test.steps {
				t.Fatalf("%s by %s: %+v", test.span, by, view)
			}
			until := noon().Truncate(test.length).Add(test.length)
			from := until.Add(-time.Duration(test.steps) * test.length)
			if !view.Times[0].Equal(from) {
				t.Errorf("%s begins at %s", test.span, view.Times[0])
			}
			want := report(t, o, from, until)
			var groups, steps, tries int64
			for _, g := range view.Groups {
				groups += g.Total.Sends
				tries += g.Total.Tries
				for _, s := range g.Steps {
					steps += s.Sends
				}
			}
			got := []int64{view.All.Total.Sends, groups, steps, tries}
			if diff := cmp.Diff([]int64{want.Sends, want.Sends, want.Sends, want.Deliveries}, got); diff != "" {
				t.Errorf("%s by %s: %s", test.span, by, diff)
			}
			if got := *view.All.Total.P95; got != want.TimeToVerify(0.95).Milliseconds() {
				t.Errorf("%s by %s: p95 %d", test.span, by, got)
			}
			before := report(t, o, from.Add(from.Sub(until)), from)
			if view.Before.Sends != before.Sends || *view.Before.Conversion != before.Conversion() {
				t.Errorf("%s before: %+v", test.span, view.Before)
			}
		}
	}
	midnight := noon().Truncate(24 * time.Hour)
	view := get[overview](t, at, "/api/overview", "")
	today, yesterday := report(t, o, midnight, midnight.Add(24*time.Hour)), report(t, o, midnight.Add(-24*time.Hour), midnight)
	if !cmp.Equal(view.Today, today.Costs) || !cmp.Equal(view.Yesterday, yesterday.Costs) || len(view.Today) == 0 {
		t.Errorf("costs: %v and %v", view.Today, view.Yesterday)
	}
}

func report(t *testing.T, o console.Options, from, until time.Time) otp.Counts {
	t.Helper()
	rows, err := o.History.Report(t.Context(), otp.ReportQuery{From: from, Until: until, Now: noon()})
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	return rows[0].Counts
}

// A plot tells seven groups apart; smaller ones are shown together, and none is lost.
func TestSmallGroupsAreShownTogether(t *testing.T) {
	t.Parallel()
	o, h := options(), &fakeHistory{}
	for i := range 10 {
		for range 10 - i {
			v := verification(chance(), noon().Add(-time.Minute))
			v.App = fmt.Sprintf("app-%d", i)
			h.add(v)
		}
	}
	o.History = h
	view := get[overview](t, serve(t, o), "/api/overview?by=app", "")
	var names []string
	for _, g := range view.Groups {
		names = append(names, fmt.Sprint(g.Name, " ", g.Total.Sends))
	}
	want := []string{"app-0 10", "app-1 9", "app-2 8", "app-3 7", "app-4 6", "app-5 5", "others 10"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsNotZero(t *testing.T) {
	t.Parallel()
	o := options()
	o.History = &fakeHistory{}
	view := get[overview](t, serve(t, o), "/api/overview", "")
	if total := view.All.Total; total.Conversion != nil || total.P50 != nil || total.Sends != 0 || len(view.Groups) != 0 {
		t.Errorf("%+v", total)
	}
}

func TestWrongQuestionsAreNamed(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	for _, test := range []struct {
		path, question string
		status         int
		says           string
	}{
		{"/api/overview?range=1y", "", http.StatusBadRequest, "range"},
		{"/api/overview?by=hour", "", http.StatusBadRequest, "by"},
		{"/api/verifications", `{"text":"0500"}`, http.StatusBadRequest, "neither a reference nor a recipient"},
		{"/api/verifications", `{"test":"x"}`, http.StatusBadRequest, "reload"},
		{"/api/verifications", `{"text":"01jtdre6ga9vqk1ce154p0jjwr"}`, http.StatusNotFound, "no such verification"},
		{"/api/verifications/01jtdre6ga9vqk1ce154p0jjwr", "", http.StatusNotFound, "no such verification"},
		{"/api/verifications/%3Cscript%3E", "", http.StatusNotFound, "not a reference"},
		{"/api/explain", `{"app":"shop","to":"5"}`, http.StatusBadRequest, `"field":"to"`},
		{"/api/explain", `{"app":"shop","to":"` + ghanaian + `","length":"many"}`, http.StatusBadRequest, `"field":"length"`},
		{"/api/limits", `{"app":"shop","to":"5"}`, http.StatusBadRequest, "no such number"},
		{"/api/limits", `{`, http.StatusBadRequest, "reload"},
		{"/api/nothing", "", http.StatusNotFound, ""},
	} {
		r := request{path: test.path, body: test.question}
		if test.question != "" {
			r.method = http.MethodPost
		}
		if resp, body := do(t, at, r); resp.StatusCode != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s %s: %d %s", test.path, test.question, resp.StatusCode, body)
		}
	}
}

// What fails behind the console is told without its reason, which is in the log.
func TestFaultsAreNotShown(t *testing.T) {
	t.Parallel()
	o := options()
	fault := errors.New("disk at /secret/place is gone")
	o.History.(*fakeHistory).fails, o.Gateway.(*fakeGateway).fails = fault, fault
	at := serve(t, o)
	for path, question := range map[string]string{
		"/api/overview": "", "/api/verifications": "{}", "/api/configuration": "",
		"/api/verifications/" + string(attacked().Reference): "",
	} {
		r := request{path: path, body: question}
		if question != "" {
			r.method = http.MethodPost
		}
		if resp, body := do(t, at, r); resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "secret") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

type found struct {
	Items []struct {
		Reference, App, To, Country, Channel, Provider, Status string
		Took                                                   *int64 `json:"took_ms"`
		Tries                                                  int
	}
	Next string
}

func TestVerificationsAreFound(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	all := get[found](t, at, "/api/verifications", "{}")
	if len(all.Items) != 50 || all.Next == "" {
		t.Fatalf("%d of them, then %q", len(all.Items), all.Next)
	}
	if next := get[found](t, at, "/api/verifications", `{"cursor":"more"}`); next.Items[0].Reference == all.Items[0].Reference {
		t.Error("the next page is the first one")
	}
	ref := all.Items[3].Reference
	for _, text := range []string{ref, strings.ToUpper(ref), " " + ref + " "} {
		one := get[found](t, at, "/api/verifications", `{"text":"`+text+`"}`)
		if len(one.Items) != 1 || one.Items[0].Reference != ref {
			t.Errorf("%q finds %+v", text, one)
		}
	}
	for _, v := range get[found](t, at, "/api/verifications", `{"text":"`+ghanaian+`","status":"verified","app":"shop"}`).Items {
		if v.To != "+23320***4567" || v.Status != "verified" || v.App != "shop" || v.Took == nil || v.Provider == "" ||
			v.Country != "GH" {
			t.Fatalf("%+v", v)
		}
	}
}

type story struct {
	To, Sender, Message, Purpose, Trace string
	Metadata                            map[string]string
	Events                              []struct {
		Kind, Provider string
		Delivery       *struct {
			Status, Class, Code, Rule string
			Place                     int
			Took                      int64 `json:"took_ms"`
			Micros                    int64
		}
		Check *struct {
			Outcome string
			Counted bool
		}
	}
}

func TestStoryTellsEachStep(t *testing.T) {
	t.Parallel()
	s := get[story](t, serve(t, options()), "/api/verifications/"+string(attacked().Reference), "")
	var told []string
	for _, e := range s.Events {
		line := e.Kind + " " + e.Provider
		if d := e.Delivery; d != nil {
			line += fmt.Sprintf(" %s %s %s/%d %dms", d.Status, d.Class, d.Rule, d.Place, d.Took)
		}
		if e.Check != nil {
			line += fmt.Sprintf(" %s %v", e.Check.Outcome, e.Check.Counted)
		}
		told = append(told, line)
	}
	want := []string{
		"created ", "delivery hubtel-gh failed transient ghana-sms/1 640ms", "delivery zend unknown  ghana-sms/2 640ms",
		"delivery inhouse sent  ghana-sms/3 640ms", "check inhouse wrong_code true",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

// What an app or an upstream wrote comes out as text that hides nothing; numbers are masked; secrets do not come at all.
func TestForeignTextsAreHarmless(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	ref := string(attacked().Reference)
	for path, question := range map[string]string{
		"/api/verifications/" + ref: "", "/api/providers": "", "/api/inbox": "{}", "/api/verifications": `{"text":"` + ref + `"}`,
		"/api/configuration": "", "/verifications/" + ref: "", "/verifications/%3Cscript%3Ealert(1)%3C%2Fscript%3E": "",
	} {
		r := request{path: path, body: question}
		if question != "" {
			r.method = http.MethodPost
		}
		resp, body := do(t, at, r)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
		}
		if strings.ContainsAny(body, "\u202e\x00\x1b") || strings.Contains(body, `\u0000`) || strings.Contains(body, `\u001b`) {
			t.Errorf("%s passes control characters on", path)
		}
		if strings.Contains(resp.Header.Get("Content-Type"), "html") && strings.Contains(body, "<script>") {
			t.Errorf("%s is not escaped", path)
		}
		if path != "/api/inbox" && strings.Contains(body, ghanaian) {
			t.Errorf("%s shows a whole number", path)
		}
		if strings.Contains(body, "secret state") {
			t.Errorf("%s shows a handle", path)
		}
	}
	s := get[story](t, at, "/api/verifications/"+ref, "")
	want := "<script>alert(1)</script>⟨U+202E⟩gnp⟨U+0000⟩⟨U+001B⟩[31m&\"'"
	if s.Sender != want || s.Metadata[want] != want || s.Message != want+" {code}" || s.To != "+23320***4567" {
		t.Errorf("%+v", s)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	o := options()
	v := attacked()
	v.Message = strings.Repeat("é", 3000)
	v.Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	o.Gateway.(*fakeGateway).past = &fakeHistory{all: []otp.Verification{v}}
	s := get[story](t, serve(t, o), "/api/verifications/"+string(v.Reference), "")
	if want := strings.Repeat("é", 2000) + "…"; s.Message != want || s.Trace != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%d bytes, trace %q", len(s.Message), s.Trace)
	}
}

func TestPagesKnowTheConfiguration(t *testing.T) {
	t.Parallel()
	at := serve(t, options())
	_, body := do(t, at, request{path: "/verifications"})
	for _, want := range []string{"hubtel-gh", "shop", "whatsapp", "expired"} {
		if !strings.Contains(body, "<option>"+want+"</option>") {
			t.Errorf("the search lacks %s", want)
		}
	}
	o := options()
	o.Inbox = nil
	outside := serve(t, o)
	if _, body := do(t, outside, request{path: "/"}); strings.Contains(body, "Inbox") || strings.Contains(body, "sandbox") {
		t.Error("outside a sandbox there is an inbox in the menu")
	}
	for _, r := range []request{{path: "/inbox"}, {path: "/api/inbox", method: http.MethodPost, body: "{}"}} {
		if resp, _ := do(t, outside, r); resp.StatusCode != http.StatusNotFound {
			t.Errorf("outside a sandbox %s answers %d", r.path, resp.StatusCode)
		}
	}
}

func TestPlanIsShownWithItsReasons(t *testing.T) {
	t.Parallel()
	type plan struct {
		To    string
		Steps []struct {
			After, Rule string
			Dropped     bool
			Candidates  []struct {
				Provider, Why, Breaker string
				Segments               int
			}
			Excluded []struct{ Provider, Why string }
		}
		Limits []struct{ Used, Max, Remaining int }
	}
	p := get[plan](t, serve(t, options()), "/api/explain", `{"app":"shop","to":"`+ghanaian+`","length":"6"}`)
	if p.To != "+23320***4567" || len(p.Steps) != 3 || !p.Steps[2].Dropped || p.Steps[1].Candidates[1].Segments != 1 ||
		p.Steps[0].Candidates[0].Why != "drawn by its weight of 80" || p.Steps[1].Excluded[0].Provider != "hubtel-gh" ||
		p.Limits[1].Remaining != 11 {
		t.Errorf("%+v", p)
	}
}

func TestReloadIsReported(t *testing.T) {
	t.Parallel()
	type configuration struct {
		Fingerprint string
		Reload      *struct{ Mistakes, Warnings []string }
	}
	o := options()
	at := serve(t, o)
	if view := get[configuration](t, at, "/api/configuration", ""); view.Reload != nil || len(view.Fingerprint) != 12 {
		t.Errorf("%+v", view)
	}
	o.Gateway.(*fakeGateway).reload = &console.Reload{At: noon(), Mistakes: []string{"config.yaml:1:1: x: \u202ewrong"}}
	view := get[configuration](t, at, "/api/configuration", "")
	if diff := cmp.Diff([]string{"config.yaml:1:1: x: ⟨U+202E⟩wrong"}, view.Reload.Mistakes); diff != "" {
		t.Error(diff)
	}
}

func TestInboxShowsTheNewestHundred(t *testing.T) {
	t.Parallel()
	o := options()
	var many fakeInbox
	for i := range 130 {
		many = append(many, console.Message{At: noon(), To: ghanaian, Channel: providers.SMS, Text: fmt.Sprint(i)})
	}
	o.Inbox = many
	type inbox struct {
		Items []struct{ Text string }
		More  int
	}
	at := serve(t, o)
	if view := get[inbox](t, at, "/api/inbox", "{}"); len(view.Items) != 100 || view.More != 30 || view.Items[0].Text != "0" {
		t.Errorf("%d and %d more", len(view.Items), view.More)
	}
	if view := get[inbox](t, at, "/api/inbox", `{"to":"+999"}`); len(view.Items) != 0 {
		t.Errorf("%d for nobody", len(view.Items))
	}
}
