package otp

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Speaker is a provider whose upstream calls people and asks what to say to those who pick up.
type Speaker interface {
	// Speech is what is said of the live code behind h: the text of req, made for the ear.
	Speech(h providers.Handle, req providers.SendRequest) (providers.Secret, error)
}

// CallInput is what an upstream says of a call that somebody has picked up.
type CallInput struct {
	Provider string
	ID       string   // the upstream's id of the call
	Numbers  []string // at its ends, in international form
}

// Speech is what somebody who picked up is told.
type Speech struct {
	Reference Reference
	Text      providers.Secret // with the code
	Locale    string           // of the text
}

// What keeps a call from being told a code. None of it is said to who listens.
var (
	errNoSpeaker  = errors.New("a call of a provider whose calls are not asked about here")
	errUnknown    = errors.New("a call that nobody here has asked for")
	errOther      = errors.New("a call to another number than the one that is verified")
	errOver       = errors.New("a call whose code is of no more use")
	errReadBefore = errors.New("a call in which the code was read out before")
)

// reasonReadOut stands beside a delivery that was sent: somebody picked up and the code was read out. The report at the
// end of the call takes its place.
const reasonReadOut = "read_out"

// ReadOut returns what is to be said in a call that somebody has picked up, once for each call. It is granted for a
// call that a send or resend has made, to the number that is called, as long as the code is live. Nothing is said that
// is not recorded. A refusal is NotFound; its cause says why, for the log.
//
// The record keeps a call from being answered twice over restarts and between gateways, the memory between requests at
// the same time. Two gateways on one store that are asked about one call within the same millisecond may both answer.
func (s *Service) ReadOut(ctx context.Context, in CallInput) (Speech, error) {
	speaker := s.speakers[in.Provider]
	if speaker == nil {
		return Speech{}, unexpected("", errNoSpeaker)
	}
	v, err := s.called(ctx, in)
	if err != nil {
		return Speech{}, err
	}
	now := s.now()
	d, err := s.expected(v, in, now)
	if err != nil {
		return Speech{Reference: v.Reference}, unexpected(v.Reference, err)
	}
	once := []Claim{claim("voice", Limit{Max: 1, Window: time.Hour}, in.Provider+" "+in.ID)}
	if _, err := s.memory.Charge(once, now); err != nil {
		return Speech{Reference: v.Reference}, unexpected(v.Reference, errReadBefore)
	}
	text, err := s.read(ctx, speaker, v, d, now)
	if err != nil {
		s.memory.TakeBack(once, now)
		return Speech{Reference: v.Reference}, err
	}
	return Speech{Reference: v.Reference, Text: text, Locale: v.Locale}, nil
}

func unexpected(ref Reference, cause error) *Error {
	return &Error{Code: NotFound, Detail: "there is nothing to say in this call", Reference: ref, Err: cause}
}

// The waits for a call that is picked up before the send which asked for it has returned: 1.9 seconds in all.
const firstLook, lastLook = 30 * time.Millisecond, time.Second

// called finds the verification of a call.
func (s *Service) called(ctx context.Context, in CallInput) (Verification, error) {
	for wait := firstLook; ; wait *= 2 {
		v, err := s.store.Find(ctx, in.Provider, in.ID)
		e, refused := errors.AsType[*Error](err)
		switch missing := refused && e.Code == NotFound; {
		case !missing:
			return v, storeError(err)
		case wait > lastLook:
			return Verification{}, unexpected("", errUnknown)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return Verification{}, unexpected("", ctx.Err())
		}
	}
}

// expected is the delivery that a call is, if it may be told the code at now.
func (s *Service) expected(v Verification, in CallInput, now time.Time) (Delivery, error) {
	live := v.Live(now)
	at := slices.IndexFunc(live, func(d Delivery) bool {
		return d.Provider == in.Provider && d.Handle.UpstreamID == in.ID && d.Channel == providers.Voice
	})
	switch {
	case at < 0 || v.At(now).Status != StatusPending:
		return Delivery{}, errOver
	case !slices.ContainsFunc(in.Numbers, func(number string) bool {
		to, ok := s.dialling(number)
		return ok && to.Address() == live[at].To.Address()
	}):
		return Delivery{}, errOther
	case live[at].Reason == reasonReadOut || live[at].Status != DeliverySent && live[at].Status != DeliveryUnknown:
		return Delivery{}, errReadBefore
	}
	return live[at], nil
}

// read derives the text and records that it is read out.
func (s *Service) read(
	ctx context.Context, speaker Speaker, v Verification, d Delivery, now time.Time,
) (providers.Secret, error) {
	req := providers.SendRequest{
		Reference: string(v.Reference), App: v.App, To: d.To, Channel: d.Channel, Sender: v.Sender, Wish: v.Wish,
		Message: v.text(d.Channel), Locale: v.Locale, Ending: v.Ending,
	}
	req.Wish.Expiry = d.ExpiresAt.Sub(now)
	text, err := speaker.Speech(d.Handle, req)
	if err != nil {
		return providers.Secret{}, err
	}
	d.Reason = reasonReadOut
	stored, err := s.store.Deliver(ctx, Dispatch{Reference: v.Reference, Deliveries: []Delivery{d}, Now: now})
	if err == nil && replacedSince(v, stored, d) {
		if _, err = s.store.Deliver(ctx, Dispatch{Reference: v.Reference, Replaced: []string{d.ID}, Now: now}); err == nil {
			return providers.Secret{}, unexpected(v.Reference, errOver)
		}
	}
	if err != nil {
		return providers.Secret{}, storeError(err)
	}
	return text, nil
}

// replacedSince tells whether a resend may have put another code in the place of that of d since v was read, on
// whatever channel: the record of d has then been written over the death of its code.
func replacedSince(v, stored Verification, d Delivery) bool {
	return slices.ContainsFunc(stored.Deliveries, func(o Delivery) bool {
		return v.delivery(o.ID) == nil && o.Provider == d.Provider && !bytes.Equal(o.Handle.State, d.Handle.State)
	})
}
