package httpsms_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/twin"
)

// wire is a request as the upstream gets it.
type wire struct {
	Method, Path, Query, Body string
	Header                    map[string]string // besides others
}

const jsonType, formType = "application/json", "application/x-www-form-urlencoded"

func TestRequestsAreAsTheVendorsShowThem(t *testing.T) {
	t.Parallel()
	tests := map[string]wire{
		"hubtel-sms": {
			Method: "POST", Path: "/v1/messages/send",
			Header: map[string]string{"Authorization": "Basic " + canaryPair, "Content-Type": jsonType, "Accept": jsonType},
			Body:   `{"From":"MyBrand","To":"+233201230001","Content":"739146 is your code."}`,
		},
		"sendexa-sms": {
			Method: "POST", Path: "/v1/sms/send",
			Header: map[string]string{"Authorization": "Basic " + canaryPair, "Content-Type": jsonType},
			Body:   `{"to":"233201230001","from":"MyBrand","message":"739146 is your code."}`,
		},
		"zend-messages": {
			Method: "POST", Path: "/messages",
			Header: map[string]string{"X-Api-Key": canaryKey, "Content-Type": jsonType},
			Body: `{"to":"+233201230001","body":"739146 is your code.","preferred_channels":["sms"],` +
				`"sender_id":"MyBrand"}`,
		},
		"arkesel": {
			Method: "POST", Path: "/api/v2/sms/send",
			Header: map[string]string{"Api-Key": canaryKey, "Content-Type": jsonType},
			Body:   `{"sender":"MyBrand","recipients":["233201230001"],"message":"739146 is your code."}`,
		},
		"mnotify": {
			Method: "POST", Path: "/sms/quick", Query: "key=" + canaryKey,
			Header: map[string]string{"Content-Type": jsonType},
			Body: `{"recipient":["233201230001"],"sender":"MyBrand","message":"739146 is your code.","is_schedule":false,` +
				`"schedule_date":"","sms_type":"otp"}`,
		},
		"termii": {
			Method: "POST", Path: "/api/sms/send",
			Header: map[string]string{"Content-Type": jsonType},
			Body: `{"api_key":"` + canaryKey + `","to":"233201230001","from":"MyBrand","sms":"739146 is your code.",` +
				`"type":"plain","channel":"dnd"}`,
		},
		"termii-voice": {
			Method: "POST", Path: "/api/sms/otp/call",
			Header: map[string]string{"Content-Type": jsonType},
			Body:   `{"api_key":"` + canaryKey + `","phone_number":"233201230001","code":"739146"}`,
		},
		"africastalking": {
			Method: "POST", Path: "/version1/messaging",
			Header: map[string]string{"Apikey": canaryKey, "Content-Type": formType, "Accept": jsonType},
			Body: "bulkSMSMode=1&from=MyBrand&message=739146+is+your+code.&to=%2B233201230001&username=" +
				canaryUser,
		},
		"described, address": {
			Method: "GET", Path: "/send/+233201230001",
			Query: "key=" + canaryKey + "&text=739146+is+your+code.",
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := models()[name].start(t, nil)
			one := s.model.message(1)
			if _, err := s.carrier.Deliver(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, s.last(t, want)); diff != "" {
				t.Error(diff)
			}
			text := "739146 is your code."
			if s.model.calls {
				text = "Your code is 739146."
			}
			if m := s.Inbox.Messages("", one.Channel); len(m) != 1 || m[0].Text != text {
				t.Errorf("arrived: %+v", m)
			}
		})
	}
}

// last is the last request, with the headers that like has.
func (s *stand) last(t *testing.T, like wire) wire {
	t.Helper()
	all := s.Requests("send")
	if len(all) == 0 {
		t.Fatal("the upstream was not asked")
	}
	r := all[len(all)-1]
	got := wire{Method: r.Method, Path: r.Path, Query: r.Query, Body: r.Body}
	for name := range like.Header {
		if got.Header == nil {
			got.Header = map[string]string{}
		}
		got.Header[name] = r.Header.Get(name)
	}
	return got
}

func TestSenders(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		model, option, request string
		body                   string // holds this
		class                  providers.Class
	}{
		"that of the request goes first":   {model: "hubtel-sms", option: "MyBrand", request: "Shop", body: `"From":"Shop"`},
		"else that of the options":         {model: "hubtel-sms", option: "MyBrand", body: `"From":"MyBrand"`},
		"none where one is needed":         {model: "arkesel", class: providers.Unsupported},
		"none where none is needed":        {model: "zend-messages", body: `"preferred_channels":["sms"]}`},
		"none in a form":                   {model: "africastalking", body: "bulkSMSMode=1&message="},
		"none in a body that shows it":     {model: "described, XML", class: providers.Unsupported},
		"too long a one":                   {model: "mnotify", request: "twelve-chars", class: providers.Unsupported},
		"too long a one, of other letters": {model: "arkesel", request: "ééééééééééé", body: "ééééééééééé"},
		"a long one where no bound is known": {
			model: "described, form", request: "a sender of many words", body: "from=a+sender+of+many+words",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := models()[test.model]
			s := m.start(t, nil)
			o := m.toward(t, s.server.URL)
			o.Sender = test.option
			tr, err := o.Build(providers.Environment{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tr.(interface{ Close() error }).Close() }()
			one := message(1)
			one.Sender = test.request
			_, err = tr.Deliver(t.Context(), one)
			if test.body == "" {
				if e := refusal(t, err); e.Class != test.class || len(s.Requests("send")) != 0 {
					t.Errorf("got %v after %d requests", e, len(s.Requests("send")))
				}
				return
			}
			if err != nil || !strings.Contains(s.last(t, wire{}).Body, test.body) {
				t.Errorf("got %v, %s", err, s.last(t, wire{}).Body)
			}
		})
	}
}

func TestWhoCannotBeReachedIsNotAsked(t *testing.T) {
	t.Parallel()
	abroad := message(1)
	abroad.To = providers.NewPhone("+2348031234567", "NG", "08031234567")
	mail := message(1)
	mail.To = providers.NewEmail("ama@people.test")
	nobody := message(1)
	nobody.To = providers.Recipient{}
	spoken, chat := message(1), message(1)
	spoken.Channel, chat.Channel = providers.Voice, providers.WhatsApp
	short, long, letters := spoken, spoken, spoken
	short.Code, long.Code, letters.Code = secret("123"), secret("123456789"), secret("73914B")
	local := described(httpsms.Contract{
		Headers: map[string]providers.Secret{"X-Key": secret(canaryKey)}, Body: secret(`{"to":"{to_local}","text":"{text}"}`),
	})
	local.options.Country = "GH"
	tests := map[string]struct {
		model   model
		message transport.Message
		class   providers.Class
	}{
		"an address":                    {models()["arkesel"], mail, providers.Rejected},
		"nobody":                        {models()["arkesel"], nobody, providers.Rejected},
		"a local number abroad":         {local, abroad, providers.Unsupported},
		"a preset on WhatsApp":          {models()["zend-messages"], chat, providers.Unsupported},
		"a preset that is to be called": {models()["arkesel"], spoken, providers.Unsupported},
		"a preset that only calls":      {models()["termii-voice"], message(1), providers.Unsupported},
		"three digits read out":         {models()["termii-voice"], short, providers.Unsupported},
		"nine digits read out":          {models()["termii-voice"], long, providers.Unsupported},
		"letters read out":              {models()["termii-voice"], letters, providers.Unsupported},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.model.start(t, nil)
			_, err := s.carrier.Deliver(t.Context(), test.message)
			if e := refusal(t, err); e.Class != test.class || len(s.Requests("send")) != 0 {
				t.Errorf("got %v after %d requests", e, len(s.Requests("send")))
			}
		})
	}
	s := local.start(t, nil)
	if _, err := s.carrier.Deliver(t.Context(), message(1)); err != nil ||
		s.last(t, wire{}).Body != `{"to":"0201230001","text":"739146 is your code."}` {
		t.Errorf("got %v, %+v", err, s.Requests("send"))
	}
}

// TestValuesStayValues: what a value holds is never read as the syntax of its place, and never as another placeholder.
func TestValuesStayValues(t *testing.T) {
	t.Parallel()
	const evil = `","to":"+233200000000","x":"{code}{ref} &to=+233200000000 </text><to>%0d%0a` + "\n\\"
	for name, m := range models() {
		if m.calls {
			continue // no text is carried, and a code is digits
		}
		s := m.start(t, nil)
		one := message(1)
		one.Text = secret(evil)
		if _, err := s.carrier.Deliver(t.Context(), one); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := arrivals(s.Inbox)
		if len(got) != 1 || got[0].To != "+233201230001" || got[0].Text != evil {
			t.Errorf("%s: arrived %q", name, got)
		}
	}
}

func TestOtherPlaceholders(t *testing.T) {
	t.Parallel()
	m := described(httpsms.Contract{
		Basic:   httpsms.Basic{Username: secret(canaryUser), Password: secret(canaryKey)},
		Headers: map[string]providers.Secret{"X-Reference": secret("ref {ref}"), "Accept": secret("text/html"), "X-None": {}},
		Query:   map[string]providers.Secret{"b": secret("{to_digits}"), "a": secret("{ref}")},
		Form: map[string]providers.Secret{
			"to": secret("{to}"), "text": secret("{code}: {spoken}"), "from": secret("{sender}"), "none": {},
		},
	})
	m.options.URL = secret("?z=1")
	m.options.Speak = true
	s := m.start(t, nil)
	one := message(1)
	one.Channel, one.Code, one.Locale = providers.Voice, secret("4A2"), "fr-CI"
	if _, err := s.carrier.Deliver(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	want := wire{
		Method: "POST", Path: "/send", Query: "z=1&a=01jtdre6ga9vqk1ce154p0jjwr&b=233201230001",
		Header: map[string]string{
			"Authorization": "Basic " + canaryPair, "X-Reference": "ref 01jtdre6ga9vqk1ce154p0jjwr", "Accept": "text/html",
			"Content-Type": formType, "User-Agent": "otpgate",
		},
		Body: "from=MyBrand&text=4A2%3A+4%2C+A%2C+2.+Je+r%C3%A9p%C3%A8te+%3A+4%2C+A%2C+2.&to=%2B233201230001",
	}
	if diff := cmp.Diff(want, s.last(t, want)); diff != "" {
		t.Error(diff)
	}
}

func TestADescribedAPICanServeEveryChannelOfTheKind(t *testing.T) {
	t.Parallel()
	for _, channel := range httpsms.Kind().Channels {
		one := message(1)
		one.Channel = channel
		if _, err := models()["described, JSON"].start(t, nil).carrier.Deliver(t.Context(), one); err != nil {
			t.Errorf("%s: %v", channel, err)
		}
	}
}

func TestAGETIsNeverRepeated(t *testing.T) {
	t.Parallel()
	s := models()["described, GET"].start(t, nil)
	if _, err := s.carrier.Deliver(t.Context(), message(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Faults.Set(twin.Fault{Kind: twin.Reset}); err != nil {
		t.Fatal(err)
	}
	_, err := s.carrier.Deliver(t.Context(), message(1))
	if e := refusal(t, err); e.Class != providers.Ambiguous || len(s.Requests("send")) != 2 {
		t.Errorf("got %v after %d requests", e, len(s.Requests("send")))
	}
}
