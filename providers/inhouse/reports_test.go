package inhouse

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

var (
	_ providers.CallbackParser = (*generator)(nil)
	_ providers.Challenger     = (*generator)(nil)
	_ providers.Reporter       = (*generator)(nil)
)

// hearer is a transport that is called back, and hears by itself besides.
type hearer struct {
	reports []transport.Report
	err     error
	answer  string
	report  func(transport.Report)
}

func (*hearer) Deliver(context.Context, transport.Message) (transport.Receipt, error) {
	return transport.Receipt{}, nil
}

func (h *hearer) ParseCallback(providers.Callback) ([]transport.Report, error) {
	return h.reports, h.err
}

func (h *hearer) Challenge(providers.Callback) (string, bool) { return h.answer, h.answer != "" }

func (h *hearer) OnReport(f func(transport.Report)) { h.report = f }

// generatorOf is one with these transports, in the order of channels; nil: one that hears of nothing.
func generatorOf(all ...transport.Transport) *generator {
	g := &generator{transports: map[providers.Channel]transport.Transport{}}
	for i, t := range all {
		if t == nil {
			t = new(carrier)
		}
		g.transports[providers.Channels()[i]] = t
	}
	return g
}

func TestCallbackGoesToTheTransportThatKnowsIt(t *testing.T) {
	t.Parallel()
	at := time.Unix(1750030073, 0).UTC()
	mine := &hearer{reports: []transport.Report{
		{Reference: "r", ID: "m1", State: providers.DeliveryUndelivered, Code: "131026", At: at},
		{ID: "m2", State: providers.DeliveryDelivered},
	}}
	want := []providers.Report{
		{UpstreamID: "m1", State: providers.DeliveryUndelivered, Reason: "131026", At: at},
		{UpstreamID: "m2", State: providers.DeliveryDelivered},
	}
	refusing := func(err error) transport.Transport { return &hearer{err: err, reports: mine.reports} }
	forged, none := refusing(providers.ErrForged), refusing(providers.ErrNoCallbacks)
	malformed := refusing(providers.ErrMalformed)
	for name, test := range map[string]struct {
		g    *generator
		want []providers.Report
		err  error
	}{
		"alone":                     {generatorOf(mine), want, nil},
		"behind others":             {generatorOf(nil, forged, none, mine), want, nil},
		"before others":             {generatorOf(mine, forged, malformed), want, nil},
		"nobody's":                  {generatorOf(nil, forged, none), nil, providers.ErrForged},
		"somebody's, and malformed": {generatorOf(forged, malformed), nil, providers.ErrMalformed},
		"nobody listens":            {generatorOf(none, nil), nil, providers.ErrNoCallbacks},
		"nobody can":                {generatorOf(nil, nil), nil, providers.ErrNoCallbacks},
		"about nothing":             {generatorOf(new(hearer)), []providers.Report{}, nil},
	} {
		got, err := test.g.ParseCallback(providers.Callback{Method: http.MethodPost})
		if !errors.Is(err, test.err) {
			t.Errorf("%s: error %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestChallengeGoesToTheTransportThatKnowsIt(t *testing.T) {
	t.Parallel()
	g := generatorOf(nil, new(hearer), &hearer{answer: "1158201444"})
	if answer, ok := g.Challenge(providers.Callback{}); answer != "1158201444" || !ok {
		t.Errorf("%q %v", answer, ok)
	}
	if answer, ok := generatorOf(nil, new(hearer)).Challenge(providers.Callback{}); answer != "" || ok {
		t.Errorf("nobody's challenge: %q %v", answer, ok)
	}
}

func TestWhatTransportsHearIsHandedOn(t *testing.T) {
	t.Parallel()
	first, second := new(hearer), new(hearer)
	var got []providers.Report
	generatorOf(first, nil, second).OnReport(func(r providers.Report) { got = append(got, r) })
	first.report(transport.Report{ID: "m1", State: providers.DeliveryDelivered})
	second.report(transport.Report{ID: "m2", State: providers.DeliveryUndelivered, Code: "UNDELIV 001"})
	want := []providers.Report{
		{UpstreamID: "m1", State: providers.DeliveryDelivered},
		{UpstreamID: "m2", State: providers.DeliveryUndelivered, Reason: "UNDELIV 001"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// narrowOptions are those of a transport that serves SMS alone, and there no text of others.
type narrowOptions struct{ oneTransport }

func (narrowOptions) Narrow(c providers.Coverage) (providers.Coverage, error) {
	if c.Channel != providers.SMS {
		return c, errors.New("serves sms only")
	}
	c.Message, c.Prefix = false, false
	return c, nil
}

// What a transport cannot grant is not promised, so that routing knows; where it can grant nothing, it is not built.
func TestTransportsThatGrantLess(t *testing.T) {
	t.Parallel()
	build := func(channel providers.Channel, options transport.Options) (providers.Provider, error) {
		o := &Options{chosen: map[providers.Channel]transport.Options{channel: options}}
		return o.Build(providers.Environment{Name: "own", CodeKeys: []providers.CodeKey{key("k1", 'a')}})
	}
	for name, test := range map[string]struct {
		options transport.Options
		text    bool
	}{
		"less":       {narrowOptions{oneTransport{new(carrier)}}, false},
		"everything": {oneTransport{new(carrier)}, true},
	} {
		p, err := build(providers.SMS, test.options)
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := p.Info().On(providers.SMS); !ok || c.Message != test.text || c.Prefix != test.text {
			t.Errorf("%s: %+v", name, c)
		}
	}
	_, err := build(providers.Voice, narrowOptions{oneTransport{new(carrier)}})
	if err == nil || err.Error() != "transport for voice: serves sms only" {
		t.Errorf("got %v", err)
	}
}
