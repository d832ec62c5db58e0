package hisend_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func TestSendReadsTheVendorsSample(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 202} {
		h, err := canned(t, status, sample(t, "send.json")).Send(t.Context(), request())
		if diff := cmp.Diff(handle(), h); err != nil || diff != "" {
			t.Errorf("%d: %v\n%s", status, err, diff)
		}
	}
}

func TestRefusedSends(t *testing.T) {
	t.Parallel()
	const ambiguous, transient, unknown = providers.Ambiguous, providers.Transient, providers.Unknown
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
	}{
		"no balance":                  {422, sample(t, "balance.json"), providers.Exhausted},
		"no balance, and data":        {422, `{"data":[],"message":"Insufficient wallet balance"}`, providers.Exhausted},
		"no balance in other words":   {422, `{"message":"Insufficient balance"}`, unknown},
		"no balance in other letters": {422, `{"message":"insufficient wallet balance"}`, unknown},
		"no balance, another status":  {400, sample(t, "balance.json"), unknown},
		"words of a check":            {422, sample(t, "wrong.json"), unknown},
		"recipient named":             {422, `{"message":"x","errors":{"customer_identifier":["y"]}}`, unknown},
		"no message":                  {422, `{}`, unknown},
		"nothing":                     {422, `null`, unknown},
		"message of another type":     {422, `{"message":["Invalid OTP"]}`, transient},
		"no body":                     {422, "", transient},
		"granted, refused by status":  {422, sample(t, "send.json"), unknown},
		"not found":                   {404, `{"message":"Not found"}`, unknown},
		"granted without reference": {
			200, `{"data":{"channel":"email"},"message":"OTP generated successfully"}`, ambiguous,
		},
		"granted without data":            {200, `{"message":"OTP generated successfully"}`, ambiguous},
		"granted with empty data":         {200, `{"data":[],"message":"OTP generated successfully"}`, ambiguous},
		"granted, null for data":          {200, `{"data":null,"message":"OTP generated successfully"}`, ambiguous},
		"granted, silent":                 {200, `{"data":{}}`, ambiguous},
		"reference empty":                 {200, `{"data":{"reference":""}}`, ambiguous},
		"reference unfit":                 {200, `{"data":{"reference":"a b"}}`, ambiguous},
		"reference too long":              {200, `{"data":{"reference":"` + strings.Repeat("x", 4097) + `"}}`, ambiguous},
		"reference a number":              {200, `{"data":{"reference":7}}`, ambiguous},
		"two references":                  {200, `{"data":{"reference":"a","reference":"b"}}`, transient},
		"reference in the wrong place":    {200, `{"reference":"` + reference + `"}`, transient},
		"another message":                 {200, `{"message":"Queued"}`, transient},
		"null":                            {200, `null`, transient},
		"trailing comma":                  {200, `{"data":{"reference":"x",},}`, transient},
		"blank":                           {200, " \r\n", transient},
		"no content":                      {204, "", transient},
		"page":                            {200, html, transient},
		"page, 404":                       {404, html, transient},
		"key":                             {401, `{"message":"Unauthenticated"}`, providers.Credentials},
		"key barred":                      {403, html, providers.Credentials},
		"payment":                         {402, `{}`, providers.Exhausted},
		"rate":                            {429, "", providers.Throttled},
		"server":                          {503, html, transient},
		"server, in the words of a yes":   {500, sample(t, "send.json"), transient},
		"redirect, in the words of a yes": {302, sample(t, "send.json"), unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := canned(t, test.status, test.body).Send(t.Context(), request())
			refused(t, err, "send", test.class, test.status)
			if h.State != nil {
				t.Error("a handle stands beside the error")
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	yes := providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}
	no := providers.Verdict{AttemptsLeft: -1}
	tests := map[string]struct {
		status int
		body   string
		want   providers.Verdict
	}{
		"success":         {200, sample(t, "validate.json"), yes},
		"success alone":   {200, `{"data":{"success":true}}`, yes},
		"wrong":           {422, sample(t, "wrong.json"), no},
		"wrong, by 200":   {200, `{"data":{"success":false},"message":"Invalid OTP"}`, no},
		"wrong, 200 bare": {200, sample(t, "wrong.json"), no},
		"wrong, and data": {422, `{"data":[],"message":"Invalid OTP"}`, no},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := canned(t, test.status, test.body).Verify(t.Context(), handle(), providers.NewSecret("984205"))
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestEverythingElseIsNoJudgement: neither a yes nor a wrong code.
func TestEverythingElseIsNoJudgement(t *testing.T) {
	t.Parallel()
	const unknown, transient = providers.Unknown, providers.Transient
	yes, no := sample(t, "validate.json"), sample(t, "wrong.json")
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
	}{
		"success, another status":         {201, yes, unknown},
		"success, refused by status":      {422, yes, unknown},
		"success, server fault":           {500, yes, transient},
		"success, redirect":               {307, yes, unknown},
		"success false":                   {200, `{"data":{"success":false}}`, unknown},
		"success null":                    {200, `{"data":{"success":null}}`, unknown},
		"success in another letter":       {200, `{"data":{"Success":true}}`, unknown},
		"success beside data":             {200, `{"success":true,"data":{}}`, unknown},
		"success by its message":          {200, `{"message":"OTP verified successfully"}`, unknown},
		"success as text":                 {200, `{"data":{"success":"true"}}`, transient},
		"success as a number":             {200, `{"data":{"success":1}}`, transient},
		"success twice":                   {200, `{"data":{"success":false,"success":true}}`, transient},
		"data twice":                      {200, `{"data":{},"data":{"success":true}}`, transient},
		"data in a list":                  {200, `{"data":[{"success":true}]}`, transient},
		"data as text":                    {200, `{"data":"success"}`, transient},
		"data null":                       {200, `{"data":null}`, unknown},
		"answer of a send":                {200, sample(t, "send.json"), unknown},
		"yes in the words of a no":        {200, `{"data":{"success":true},"message":"Invalid OTP"}`, unknown},
		"yes without balance":             {200, `{"data":{"success":true},"message":"Insufficient wallet balance"}`, unknown},
		"200 and no in other words":       {200, `{"data":{"success":false},"message":"Try again"}`, unknown},
		"200 and a page":                  {200, html, transient},
		"200 and nothing":                 {200, "", transient},
		"204":                             {204, "", transient},
		"wrong, in other letters":         {422, `{"message":"invalid otp"}`, unknown},
		"wrong, and more":                 {422, `{"message":"Invalid OTP length"}`, unknown},
		"wrong, another status":           {400, no, unknown},
		"no balance":                      {422, sample(t, "balance.json"), providers.Exhausted},
		"expired, as it might be said":    {422, `{"message":"OTP has expired"}`, unknown},
		"no session, as it might be said": {404, `{"message":"Not found"}`, unknown},
		"422 and a page":                  {422, html, transient},
		"422 and nothing":                 {422, "", transient},
		"key":                             {401, no, providers.Credentials},
		"payment":                         {402, no, providers.Exhausted},
		"rate":                            {429, no, providers.Throttled},
		"server":                          {503, no, transient},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := canned(t, test.status, test.body).Verify(t.Context(), handle(), providers.NewSecret("984205"))
			if v != (providers.Verdict{}) {
				t.Errorf("the verdict %+v was given", v)
			}
			refused(t, err, "verify", test.class, test.status)
		})
	}
}

func refused(t *testing.T, err error, op string, class providers.Class, status int) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Provider != "hisend" || e.Op != op || e.Class != class || e.Code != strconv.Itoa(status) {
		t.Errorf("got %v, want %s: %v (%d)", err, op, class, status)
	}
}
