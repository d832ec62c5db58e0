package otp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

func lost(id string) providers.Report {
	return providers.Report{UpstreamID: id, State: providers.DeliveryUndelivered, Reason: "131026"}
}

func TestOnlyNewsReachesTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 256)
	reports := []providers.Report{
		lost(""), lost(long + "x"), lost(long),
		{UpstreamID: "a", State: providers.DeliveryPending}, {UpstreamID: "b", State: providers.DeliverySent},
		{UpstreamID: "c"}, {UpstreamID: "d", State: "eaten"}, {UpstreamID: "e", State: providers.DeliveryDelivered},
	}
	if err := w.Report(t.Context(), "hubtel", reports); err != nil {
		t.Fatal(err)
	}
	if len(w.store.told) != 1 || w.store.told[0].Provider != "hubtel" || w.store.told[0].Keep < time.Minute {
		t.Fatalf("%+v", w.store.told)
	}
	if diff := cmp.Diff([]providers.Report{lost(long), reports[7]}, w.store.told[0].Reports); diff != "" {
		t.Error(diff)
	}
	if reports[0].UpstreamID != "" {
		t.Error("the caller's list was changed")
	}
}

func TestNoNewsCostsNoTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.broken = errors.New("down")
	onItsWay := []providers.Report{{UpstreamID: "a", State: providers.DeliverySent}}
	if err := w.Report(t.Context(), "hubtel", onItsWay); err != nil {
		t.Error(err)
	}
}

func TestManyReportsKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reports []providers.Report
	for n := range 120 {
		reports = append(reports, lost(fmt.Sprint(n)))
	}
	if err := w.Report(t.Context(), "hubtel", reports); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, step := range w.store.told {
		total += len(step.Reports)
		if len(step.Reports) > 50 {
			t.Errorf("%d reports in one step", len(step.Reports))
		}
	}
	if total != len(reports) {
		t.Errorf("%d reports arrived", total)
	}
}

func TestReportThatCannotBeStoredIsTheStoresFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.broken = errors.New("down")
	if got := codeOf(t, w.Report(t.Context(), "hubtel", []providers.Report{lost("r1")})); got != otp.StoreUnavailable {
		t.Errorf("got %s", got)
	}
}

// A forged or mistaken report costs a message, and never a verification.
func TestCodeOfAnUndeliveredMessageVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.send(t)
	if err := w.Report(t.Context(), "hubtel", []providers.Report{lost("r1")}); err != nil {
		t.Fatal(err)
	}
	got, err := w.Status(t.Context(), w.app, otp.StatusInput{Reference: string(v.Reference)})
	if err != nil || got.Deliveries[0].Status != otp.DeliveryUndelivered || got.Status != otp.StatusPending {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.check(t, v.Reference, "1234"); err != nil || got.Status != otp.StatusVerified {
		t.Errorf("%s, %v", got.Status, err)
	}
}

func TestResendAvoidsWhoDidNotDeliver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.router.script = []step{{tries: []routing.Try{taken("hubtel", "r1")}}, {tries: []routing.Try{taken("zend", "r2")}}}
		v := w.send(t)
		if err := w.Report(t.Context(), "hubtel", []providers.Report{lost("r1")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if _, err := w.Resend(t.Context(), w.app, otp.ResendInput{Reference: string(v.Reference)}); err != nil {
			t.Fatal(err)
		}
		want := []routing.Spot{{Provider: "hubtel", Channel: providers.SMS}}
		if diff := cmp.Diff(want, w.router.sent[1].Failed); diff != "" || len(w.router.resent) != 0 {
			t.Errorf("%s%+v", diff, w.router.resent)
		}
	})
}

// What an upstream says of itself may be any bytes, and goes into a record that must be readable.
func TestReasonIsBoundedAndReadable(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{
		"", "UNDELIV 001", strings.Repeat("é", 40), "\xff\xfe131026", strings.Repeat("\xff", 100),
	} {
		v := otp.Verification{Deliveries: []otp.Delivery{{
			Provider: "own", Status: otp.DeliverySent, Handle: providers.Handle{UpstreamID: "m1"},
		}}}
		r := lost("m1")
		r.Reason = reason
		if !v.Report("own", r, time.Now()) {
			t.Fatal("no news")
		}
		code := v.Deliveries[0].Code
		if !utf8.ValidString(code) || len(code) > 64 || len(code) > len(reason) {
			t.Errorf("%q became %q", reason, code)
		}
		if _, err := otp.EncodeRecord(v); err != nil {
			t.Errorf("%q: %v", reason, err)
		}
	}
}

// A number without a WhatsApp account has a phone all the same.
func TestRefusalByWhatsAppBarsNoOtherChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.script = []step{
		{tries: []routing.Try{refused("meta", providers.Rejected)}, failure: &routing.Failure{Class: providers.Rejected}},
		{tries: []routing.Try{taken("hubtel", "r1")}},
	}
	v := w.send(t, func(in *otp.SendInput) {
		in.Channel, in.Fallback = "whatsapp", []otp.FallbackInput{{"sms", "", "30s"}, {"voice", "", "30s"}}
	})
	if len(w.router.sent) != 2 || w.router.sent[1].Send.Channel != providers.SMS || v.Status != otp.StatusPending {
		t.Errorf("%+v", w.router.sent)
	}
}
