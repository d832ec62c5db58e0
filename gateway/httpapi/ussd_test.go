package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const (
	ussdToken  = "canary-token-0123456789"
	ussdNumber = "+233201234567"
	ussdText   = "Shop: your code is " + canaryCode
)

// memoryPeer is where requests that never met a socket come from.
func memoryPeer() netip.Prefix { return netip.MustParsePrefix("0.0.0.0/32") }

// dialable are three providers, one for each style, that their aggregators may call about from anywhere near.
func dialable(o *httpapi.Options) {
	snapshot := o.Snapshot()
	snapshot.Aggregators = map[string]httpapi.Aggregator{"locked": {Style: "hubtel", Sources: []netip.Prefix{memoryPeer()}}}
	for provider, style := range map[string]string{"at": "africastalking", "hub": "hubtel", "ark": "arkesel", "odd": "pigeon"} {
		snapshot.Aggregators[provider] = httpapi.Aggregator{
			Style: style, Token: providers.NewSecret(ussdToken), Sources: []netip.Prefix{memoryPeer()}, PerMinute: 7,
		}
	}
	o.Snapshot = func() httpapi.Snapshot { return snapshot }
}

func shown(menu bool) otp.Screen { return otp.Screen{Text: providers.NewSecret(ussdText), Menu: menu} }

// dialled is a callback about a provider; the style tells what the body is.
func dialled(provider, body string, headers ...string) *http.Request {
	kind := "application/json"
	if provider == "at" {
		kind = "application/x-www-form-urlencoded"
	}
	return with(with(anonymous(post("/v1/ussd/"+provider+"/"+ussdToken, body)), "Content-Type", kind), headers...)
}

func TestUSSDStyles(t *testing.T) {
	t.Parallel()
	const session = `"SessionId":"s1","Sequence":1,"ServiceCode":"713","Operator":"mtn","Platform":"USSD"`
	type asked = otp.DialInput
	for name, test := range map[string]struct {
		req  *http.Request
		menu bool
		want asked
		body string
	}{
		"africastalking, first": {
			dialled("at", "sessionId=s1&serviceCode=*384*7%23&phoneNumber=%2B233201234567&networkCode=62001&text="), false,
			asked{Provider: "at", Number: ussdNumber, PerMinute: 7}, "END " + ussdText,
		},
		"africastalking, a menu": {
			dialled("at", "phoneNumber=%2B233201234567&text="), true,
			asked{Provider: "at", Number: ussdNumber, PerMinute: 7}, "CON " + ussdText,
		},
		"africastalking, a choice": {
			dialled("at", "phoneNumber=%2B233201234567&text=2"), false,
			asked{Provider: "at", Number: ussdNumber, Choice: "2", PerMinute: 7}, "END " + ussdText,
		},
		"africastalking, a choice after a slip": {
			dialled("at", "phoneNumber=%2B233201234567&text=9*1"), false,
			asked{Provider: "at", Number: ussdNumber, Choice: "1", PerMinute: 7}, "END " + ussdText,
		},
		"africastalking, whatever it calls its form": {
			dialled("at", "phoneNumber=%2B233201234567", "Content-Type", "text/plain"), false,
			asked{Provider: "at", Number: ussdNumber, PerMinute: 7}, "END " + ussdText,
		},
		"hubtel, first": {
			dialled("hub", `{"Type":"Initiation","Mobile":"233201234567","Message":"*713*7#","ClientState":null,`+session+`}`), true,
			asked{Provider: "hub", Number: "233201234567", PerMinute: 7},
			`{"SessionId":"s1","Type":"Response","Message":"` + ussdText +
				`","Label":"Code","DataType":"input","FieldType":"text","ClientState":""}`,
		},
		"hubtel, a choice": {
			dialled("hub", `{"type":"response","mobile":"233201234567","message":"2",`+session+`}`), false,
			asked{Provider: "hub", Number: "233201234567", Choice: "2", PerMinute: 7},
			`{"SessionId":"s1","Type":"Release","Message":"` + ussdText +
				`","Label":"Code","DataType":"display","FieldType":"text","ClientState":""}`,
		},
		"arkesel, first": {
			dialled("ark", `{"sessionID":"s1","userID":"u1","newSession":true,"msisdn":"233201234567","userData":"*928*7#","network":"MTN"}`),
			true, asked{Provider: "ark", Number: "233201234567", PerMinute: 7},
			`{"sessionID":"s1","userID":"u1","msisdn":"233201234567","message":"` + ussdText + `","continueSession":true}`,
		},
		"arkesel, a choice": {
			dialled("ark", `{"sessionID":"s1","userID":"u1","newSession":false,"msisdn":"233201234567","userData":"1"}`), false,
			asked{Provider: "ark", Number: "233201234567", Choice: "1", PerMinute: 7},
			`{"sessionID":"s1","userID":"u1","msisdn":"233201234567","message":"` + ussdText + `","continueSession":false}`,
		},
		"the token in the query": {
			with(anonymous(post("/v1/ussd/hub?token="+ussdToken, `{"Type":"Initiation","Mobile":"233201234567"}`)), "Content-Type", ""),
			false, asked{Provider: "hub", Number: "233201234567", PerMinute: 7},
			`{"SessionId":"","Type":"Release","Message":"` + ussdText +
				`","Label":"Code","DataType":"display","FieldType":"text","ClientState":""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{screen: shown(test.menu)}
			a := do(t, newApp(t, fake, dialable), test.req)
			if diff := cmp.Diff(test.body, string(a.body)); diff != "" || a.status != http.StatusOK {
				t.Errorf("status %d\n%s", a.status, diff)
			}
			if diff := cmp.Diff([]asked{test.want}, fake.dials); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A session that is over asks for nothing, and a code that nobody would see is not told.
func TestUSSDSessionThatIsOver(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"Timeout", "Release", "HijackSession", ""} {
		fake := &fakeOTP{screen: shown(false)}
		a := do(t, newApp(t, fake, dialable), dialled("hub", `{"Type":"`+kind+`","Mobile":"233201234567","SessionId":"s1"}`))
		if a.status != http.StatusOK || a.text(t, "Message") != "" || a.text(t, "Type") != "Release" || fake.calls() != 0 {
			t.Errorf("%s: status %d %s", kind, a.status, a.body)
		}
	}
}

// What a stranger is answered is, byte for byte, what a path that does not exist is answered.
func TestUSSDIsHiddenFromStrangers(t *testing.T) {
	t.Parallel()
	const body = `{"Type":"Initiation","Mobile":"233201234567"}`
	ask := func(path string, headers ...string) *http.Request {
		return with(with(anonymous(post(path, body)), "X-Request-Id", "same"), headers...)
	}
	trusting := func(o *httpapi.Options) {
		snapshot := o.Snapshot()
		snapshot.TrustedProxies = []netip.Prefix{memoryPeer()}
		o.Snapshot = func() httpapi.Snapshot { return snapshot }
	}
	elsewhere := func(o *httpapi.Options) {
		snapshot := o.Snapshot()
		a := snapshot.Aggregators["hub"]
		a.Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		snapshot.Aggregators["hub"] = a
	}
	good := "/v1/ussd/hub/" + ussdToken
	for name, test := range map[string]struct {
		req     *http.Request
		changes []func(*httpapi.Options)
		known   bool
	}{
		"the aggregator":                {ask(good), nil, true},
		"a wrong token":                 {ask(good + "x"), nil, false},
		"half a token":                  {ask(good[:len(good)-1]), nil, false},
		"no token":                      {ask("/v1/ussd/hub"), nil, false},
		"an empty token":                {ask("/v1/ussd/hub?token="), nil, false},
		"a wrong token in the query":    {ask("/v1/ussd/hub?token=x"), nil, false},
		"an unknown provider":           {ask("/v1/ussd/no/" + ussdToken), nil, false},
		"a provider without a token":    {ask("/v1/ussd/locked?token="), nil, false},
		"an unknown style":              {ask("/v1/ussd/odd/" + ussdToken), nil, false},
		"from elsewhere":                {ask(good), []func(*httpapi.Options){elsewhere}, false},
		"from elsewhere, it says not":   {ask(good, "X-Forwarded-For", "198.51.100.7"), []func(*httpapi.Options){elsewhere}, false},
		"through our proxy":             {ask(good, "X-Forwarded-For", "198.51.100.7"), []func(*httpapi.Options){elsewhere, trusting}, true},
		"through our proxy, a stranger": {ask(good, "X-Forwarded-For", "198.51.100.7, 203.0.113.7"), []func(*httpapi.Options){elsewhere, trusting}, false},
		"our proxy itself":              {ask(good), []func(*httpapi.Options){elsewhere, trusting}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, log := &fakeOTP{screen: shown(false)}, new(logBuffer)
			changes := append([]func(*httpapi.Options){log.record, dialable}, test.changes...)
			app := newApp(t, fake, changes...)
			a := do(t, app, test.req)
			if test.known != (a.status == http.StatusOK) || test.known != (fake.calls() == 1) {
				t.Fatalf("status %d, %d calls: %s", a.status, fake.calls(), a.body)
			}
			if strings.Contains(log.String(), "canary") || strings.Contains(log.String(), "201234567") {
				t.Errorf("the log holds the token or the number: %s", log)
			}
			if test.known {
				return
			}
			if !strings.Contains(log.String(), "USSD callback") {
				t.Errorf("the log does not tell why: %s", log)
			}
			nowhere := do(t, app, ask("/nowhere/at/all"))
			if diff := cmp.Diff(string(nowhere.body), string(a.body)); diff != "" || a.status != http.StatusNotFound {
				t.Errorf("status %d\n%s", a.status, diff)
			}
			nowhere.header.Del("Date") // a second may have passed
			a.header.Del("Date")
			if diff := cmp.Diff(nowhere.header, a.header); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUSSDCallbackThatMakesNoSense(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		req   *http.Request
		field string
	}{
		"no number, form":      {dialled("at", "text=1"), "phoneNumber"},
		"no form":              {dialled("at", "phoneNumber=%zz"), "body"},
		"no number, hubtel":    {dialled("hub", `{"Type":"Initiation"}`), "Mobile"},
		"no number, arkesel":   {dialled("ark", `{"newSession":true}`), "msisdn"},
		"no JSON":              {dialled("hub", `phoneNumber=`+canaryCode), "body"},
		"a number as a number": {dialled("ark", `{"msisdn":`+canaryCode+`}`), "body"},
		"null":                 {dialled("ark", `null`), "msisdn"},
		"a list":               {dialled("hub", `[]`), "body"},
		"nothing":              {dialled("hub", ``), "body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{}
			a := do(t, newApp(t, fake, dialable), test.req)
			if a.status != http.StatusBadRequest || fake.calls() != 0 || fields(t, a)[0] != test.field {
				t.Errorf("status %d, %d calls: %s", a.status, fake.calls(), a.body)
			}
			if strings.Contains(string(a.body), canaryCode) || strings.Contains(string(a.body), ussdToken) {
				t.Errorf("what was sent is in the answer: %s", a.body)
			}
		})
	}
}

// A person gets to see a sentence also when the store is down, and the log tells why; neither code nor number is in it.
func TestUSSDLog(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	fake := &fakeOTP{screen: shown(false), err: &otp.Error{Code: otp.StoreUnavailable, Detail: "down", Err: errors.New("disk full")}}
	app := newApp(t, fake, log.record, dialable)
	a := do(t, app, dialled("at", "phoneNumber=%2B233201234567&text=1*2"))
	if a.status != http.StatusOK || !strings.HasPrefix(string(a.body), "END ") {
		t.Errorf("status %d %s", a.status, a.body)
	}
	line := log.lines(t)[0]
	if line["route"] != "/v1/ussd/:provider/:token" || !strings.Contains(line["cause"].(string), "disk full") {
		t.Errorf("%v", line)
	}
	for _, canary := range []string{canaryCode, "canary", "20123", "1*2"} {
		if strings.Contains(log.String(), canary) {
			t.Errorf("%s is in the log: %s", canary, log)
		}
	}
}

// fuzzUSSD states what holds for every body of a style: it is refused, or read the same way as plain decoding reads it,
// and the answer keeps the contract.
func fuzzUSSD(f *testing.F, provider string, number func(body string) (string, bool), seeds ...string) {
	for _, seed := range append(seeds, "", "null", "{}", "[]", "&&==", "%", "\xff", `{"a":`) {
		f.Add(seed)
	}
	fake := &fakeOTP{screen: shown(true)}
	app := newApp(f, fake, dialable)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 60_000 {
			t.Skip("longer than a body may be")
		}
		fake.forget()
		a := do(t, app, dialled(provider, body))
		want, known := number(body)
		switch {
		case a.status == http.StatusBadRequest:
			if fake.calls() != 0 {
				t.Error("refused and asked")
			}
		case a.status != http.StatusOK:
			t.Errorf("status %d", a.status)
		case fake.calls() == 1 && (fake.dials[0].Number == "" || known && fake.dials[0].Number != want):
			t.Errorf("number %q, want %q", fake.dials[0].Number, want)
		}
	})
}

func FuzzAfricasTalking(f *testing.F) {
	fuzzUSSD(f, "at", func(string) (string, bool) { return "", false },
		"sessionId=s1&phoneNumber=%2B233201234567&text=1*2", "phoneNumber=1&phoneNumber=2", "text=*", "phoneNumber=+233;text=1")
}

func FuzzHubtel(f *testing.F) {
	fuzzUSSD(f, "hub", member("Mobile"),
		`{"Type":"Initiation","Mobile":"233201234567","Message":"*713#","ClientState":{"a":1},"Sequence":"1"}`,
		`{"Type":"Response","Mobile":"233201234567","Message":"2"}`, `{"type":"x","MOBILE":""}`)
}

func FuzzArkesel(f *testing.F) {
	fuzzUSSD(f, "ark", member("msisdn"),
		`{"sessionID":"s","userID":"u","newSession":true,"msisdn":"233","userData":"*928#","network":"MTN"}`,
		`{"newSession":false,"msisdn":"233","userData":"1"}`, `{"newSession":1}`)
}

// member reads one member of an object that has it once; false where that leaves room for doubt.
func member(name string) func(body string) (string, bool) {
	return func(body string) (string, bool) {
		var all map[string]any
		if !utf8.ValidString(body) || json.Unmarshal([]byte(body), &all) != nil {
			return "", false
		}
		value, ok := all[name].(string)
		return value, ok
	}
}
