package sendexa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// refused checks an error whole.
func refused(t *testing.T, err error, op string, want failure) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("%s: got %v", op, err)
	}
	clean := providers.Error{Provider: "sendexa-gh", Op: op, Class: want.class, Code: want.code, RetryAfter: want.wait}
	if clean.Err = e.Err; *e != clean {
		t.Errorf("got %v to wait %v, want %v to wait %v", e, e.RetryAfter, &clean, clean.RetryAfter)
	}
}

// failure is an answer and what it means for every operation that reads it.
type failure struct {
	status int
	body   string
	class  providers.Class
	code   string
	wait   time.Duration
}

const (
	unknown     = providers.Unknown
	transient   = providers.Transient
	throttled   = providers.Throttled
	credentials = providers.Credentials
	exhausted   = providers.Exhausted
	unsupported = providers.Unsupported
	rejected    = providers.Rejected
	busy        = providers.Busy
	gone        = providers.Gone
)

func TestRefusedSendsAndResends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]failure{
		"a live code":             {429, sample(t, "active"), busy, "429", 583 * time.Second},
		"a live code, its end":    {429, `{"data":{"expiresAt":"2024-01-15T10:21:30Z"}}`, busy, "429", 0},
		"a live code, named":      {429, `{"errorType":"ACTIVE_OTP_EXISTS"}`, busy, "ACTIVE_OTP_EXISTS", 0},
		"a live code, misnamed":   {429, `{"code":"LIVE","data":{"expiresAt":"x"}}`, busy, "LIVE", 0},
		"a live code, for ever":   {429, `{"data":{"retryAfter":1e300,"expiresAt":"x"}}`, busy, "429", 24 * time.Hour},
		"cooldown":                {429, sample(t, "cooldown"), busy, "RESEND_COOLDOWN", 25 * time.Second},
		"a duplicate":             {409, `{"code":"DUPLICATE_REQUEST"}`, busy, "DUPLICATE_REQUEST", 0},
		"rate":                    {429, sample(t, "rate_limit"), throttled, "RATE_LIMIT_EXCEEDED", 30 * time.Second},
		"a live code, its rest":   {429, `{"data":{"retryAfter":1.5}}`, busy, "429", 1500 * time.Millisecond},
		"a live code, as texts":   {429, `{"data":{"retryAfter":"45","expiresAt":1}}`, busy, "429", 45 * time.Second},
		"a live code, no number":  {429, `{"data":{"retryAfter":"NaN"}}`, throttled, "429", 0},
		"rate without a word":     {429, `{"data":{"limit":60}}`, throttled, "429", 0},
		"a word in small letters": {400, `{"code":"sender_id_not_approved"}`, unsupported, "sender_id_not_approved", 0},
		"a word under error":      {400, `{"error":"INSUFFICIENT_BALANCE"}`, exhausted, "INSUFFICIENT_BALANCE", 0},
		"an object under error":   {400, `{"success":false,"error":{"code":"INVALID_TOKEN"}}`, unknown, "400", 0},
		"a sentence under error":  {400, `{"success":false,"error":"No such thing"}`, unknown, "400", 0},
		"a number as code":        {400, `{"code":400,"errorType":"OTP_NOT_FOUND"}`, gone, "OTP_NOT_FOUND", 0},
		"data is a list":          {400, `{"errorType":"OTP_NOT_FOUND","data":[]}`, gone, "OTP_NOT_FOUND", 0},
		"data is a text":          {400, `{"errorType":"OTP_NOT_FOUND","data":"none"}`, gone, "OTP_NOT_FOUND", 0},
		"message is a list":       {400, `{"errorType":"OTP_NOT_FOUND","message":["x"]}`, gone, "OTP_NOT_FOUND", 0},
		"rate without JSON":       {429, html, throttled, "429", 0},
		"sender pending":          {400, sample(t, "sender"), unsupported, "SENDER_ID_NOT_APPROVED", 0},
		"sender pending, 403":     {403, sample(t, "sender"), unsupported, "SENDER_ID_NOT_APPROVED", 0},
		"sender not registered":   {403, `{"code":"SENDER_ID_NOT_REGISTERED"}`, unsupported, "SENDER_ID_NOT_REGISTERED", 0},
		"balance":                 {402, sample(t, "balance"), exhausted, "INSUFFICIENT_BALANCE", 0},
		"balance, 400":            {400, sample(t, "balance"), exhausted, "INSUFFICIENT_BALANCE", 0},
		"balance, status alone":   {402, "", exhausted, "402", 0},
		"token":                   {401, `{"code":"INVALID_TOKEN"}`, credentials, "INVALID_TOKEN", 0},
		"access":                  {403, `{"code":"UNAUTHORIZED_ACCESS"}`, credentials, "UNAUTHORIZED_ACCESS", 0},
		"key without JSON":        {403, html, credentials, "403", 0},
		"no such number":          {400, sample(t, "invalid_phone"), rejected, "400", 0},
		"that text beside 500":    {500, sample(t, "invalid_phone"), transient, "500", 0},
		"that text beside 200":    {200, sample(t, "invalid_phone"), rejected, "200", 0},
		"no number":               {400, sample(t, "no_phone"), unknown, "400", 0},
		"parameters":              {400, sample(t, "parameters"), unknown, "INVALID_PARAMETERS", 0},
		"nothing to resend":       {400, sample(t, "no_previous"), gone, "NO_PREVIOUS_OTP", 0},
		"resent too often":        {400, sample(t, "max_resends"), gone, "MAX_RESENDS_EXCEEDED", 0},
		"not found":               {404, sample(t, "not_found"), gone, "OTP_NOT_FOUND", 0},
		"errorType before code":   {400, `{"errorType":"OTP_NOT_FOUND","code":"INVALID_TOKEN"}`, gone, "OTP_NOT_FOUND", 0},
		"code before status":      {402, `{"errorType":"X","code":"INVALID_TOKEN"}`, credentials, "X", 0},
		"a word with a number":    {400, `{"code":"233201234567"}`, unknown, "400", 0},
		"no word":                 {400, `{}`, unknown, "400", 0},
		"null":                    {400, `null`, unknown, "400", 0},
		"an operator's fault":     {502, `{"code":"PROVIDER_ERROR"}`, transient, "PROVIDER_ERROR", 0},
		"server":                  {503, html, transient, "503", 0},
		"server says yes":         {500, sample(t, "send"), transient, "500", 0},
		"refused by 200":          {200, `{"success":false,"code":"INVALID_TOKEN"}`, credentials, "INVALID_TOKEN", 0},
		"refused without a word":  {200, `{"success":false}`, unknown, "200", 0},
		"yes beside 400":          {400, sample(t, "send"), unknown, "400", 0},
		"yes beside a redirect":   {302, sample(t, "send"), unknown, "302", 0},
		"a redirect":              {302, html, unknown, "302", 0},
		"no word for success":     {200, `{"data":{"id":"x"}}`, unknown, "200", 0},
		"success as a text":       {200, `{"success":"true","data":{"id":"x"}}`, transient, "200", 0},
		"success twice":           {200, `{"success":false,"success":true,"data":{"id":"x"}}`, transient, "200", 0},
		"success in another case": {200, `{"Success":true,"data":{"id":"x"}}`, unknown, "200", 0},
		"id as a number":          {200, `{"success":true,"data":{"id":7}}`, transient, "200", 0},
		"blank":                   {200, " \r\n", transient, "200", 0},
		"page":                    {200, html, transient, "200", 0},
		"page, 404":               {404, html, transient, "404", 0},
		"a list":                  {200, `[{"success":true}]`, transient, "200", 0},
	} {
		for _, dialect := range []string{"id", "phone"} {
			t.Run(name+" by "+dialect, func(t *testing.T) {
				t.Parallel()
				p, _ := canned(t, dialect, reply{status: test.status, body: test.body})
				h, err := p.Send(t.Context(), request())
				refused(t, err, "send", test)
				again, errAgain := p.Resend(t.Context(), handle(), request())
				refused(t, errAgain, "resend", test)
				if h.State != nil || again.State != nil {
					t.Error("a handle stands beside the error")
				}
			})
		}
	}
}

func TestRetryAfterOfTheBodyGoesBeforeTheHeader(t *testing.T) {
	t.Parallel()
	for _, test := range []failure{
		{429, `{"data":{"retryAfter":30}}`, busy, "429", 30 * time.Second},
		{429, `{"data":{"retryAfter":"30"}}`, busy, "429", 30 * time.Second},
		{429, `{"data":{"retryAfter":0}}`, throttled, "429", 7 * time.Second},
		{429, `{"data":{"retryAfter":-5}}`, throttled, "429", 7 * time.Second},
		{429, `{}`, throttled, "429", 7 * time.Second},
		{429, `{"data":{"expiresAt":"2024-01-15T10:00:00Z"}}`, busy, "429", 7 * time.Second},
	} {
		p, _ := canned(t, "id", reply{test.status, test.body, map[string]string{"Retry-After": "7"}})
		_, err := p.Send(t.Context(), request())
		refused(t, err, "send", test)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	yes := providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}
	no := func(left int) providers.Verdict { return providers.Verdict{AttemptsLeft: left, Final: left == 0} }
	for name, test := range map[string]struct {
		status int
		body   string
		want   providers.Verdict
	}{
		"verified":              {200, sample(t, "verify"), yes},
		"verified, by id":       {200, sample(t, "verify_short"), yes},
		"verified, none left":   {201, `{"success":true,"data":{"verified":true,"attemptsRemaining":0}}`, yes},
		"wrong":                 {400, sample(t, "invalid_otp"), no(2)},
		"wrong, in code":        {422, `{"success":false,"code":"INVALID_OTP"}`, no(-1)},
		"wrong, the last":       {400, `{"errorType":"INVALID_OTP","data":{"attemptsRemaining":0}}`, no(0)},
		"wrong, less than none": {400, `{"errorType":"INVALID_OTP","data":{"attemptsRemaining":-1}}`, no(0)},
		"not verified":          {200, `{"success":true,"data":{"verified":false,"attemptsRemaining":1}}`, no(1)},
		"too many guesses":      {400, sample(t, "max_attempts"), no(0)},
		"too many, in a hurry":  {429, sample(t, "max_attempts"), no(0)},
		"wrong, in small":       {400, `{"code":"invalid_otp","data":{"attemptsRemaining":"1"}}`, no(1)},
		"wrong beside 401":      {401, sample(t, "invalid_otp"), no(2)},
		"wrong beside 403":      {403, `{"code":"INVALID_OTP"}`, no(-1)},
		"wrong, under error":    {400, `{"success":false,"code":400,"error":"INVALID_OTP"}`, no(-1)},
		"wrong, odd count":      {400, `{"code":"INVALID_OTP","data":{"attemptsRemaining":1e30}}`, no(-1)},
		"wrong, odd data":       {400, `{"code":400,"errorType":"INVALID_OTP","data":[],"message":{}}`, no(-1)},
		"verified, this id":     {200, `{"success":true,"data":{"verified":true,"id":"clxyz123abc"}}`, yes},
	} {
		for _, dialect := range []string{"id", "phone"} {
			t.Run(name+" by "+dialect, func(t *testing.T) {
				t.Parallel()
				p, _ := canned(t, dialect, reply{status: test.status, body: test.body})
				got, err := p.Verify(t.Context(), handle(), providers.NewSecret("4711"))
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("%v\n%s", err, diff)
				}
			})
		}
	}
}

func TestAnswersToAVerifyThatJudgeNothing(t *testing.T) {
	t.Parallel()
	wrong := sample(t, "invalid_otp")
	for name, test := range map[string]failure{
		"expired":                     {400, sample(t, "expired_otp"), gone, "EXPIRED_OTP", 0},
		"not found":                   {404, sample(t, "not_found"), gone, "OTP_NOT_FOUND", 0},
		"used":                        {400, sample(t, "already_used"), gone, "OTP_ALREADY_USED", 0},
		"wrong beside 402":            {402, wrong, exhausted, "INVALID_OTP", 0},
		"wrong beside 500":            {500, wrong, transient, "INVALID_OTP", 0},
		"wrong beside a redirect":     {302, wrong, unknown, "INVALID_OTP", 0},
		"too many beside 503":         {503, sample(t, "max_attempts"), gone, "MAX_ATTEMPTS_EXCEEDED", 0},
		"wrong beside 408":            {408, wrong, transient, "INVALID_OTP", 0},
		"verified, another id":        {200, `{"success":true,"data":{"verified":true,"id":"clother"}}`, unknown, "200", 0},
		"data is a list":              {200, `{"success":true,"data":[{"verified":true}]}`, unknown, "200", 0},
		"verified beside 400":         {400, sample(t, "verify"), unknown, "400", 0},
		"verified beside 500":         {500, sample(t, "verify"), transient, "500", 0},
		"verified, success false":     {200, `{"success":false,"data":{"verified":true}}`, unknown, "200", 0},
		"not verified, success false": {200, `{"success":false,"data":{"verified":false}}`, unknown, "200", 0},
		"verified, no success":        {200, `{"data":{"verified":true}}`, unknown, "200", 0},
		"verified as a text":          {200, `{"success":true,"data":{"verified":"true"}}`, transient, "200", 0},
		"verified as a number":        {200, `{"success":true,"data":{"verified":1}}`, transient, "200", 0},
		"data twice":                  {200, `{"success":true,"data":{"verified":true},"data":{}}`, transient, "200", 0},
		"verified in another case":    {200, `{"success":true,"data":{"Verified":true}}`, unknown, "200", 0},
		"verified outside":            {200, `{"success":true,"verified":true}`, unknown, "200", 0},
		"verified is null":            {200, `{"success":true,"data":{"verified":null}}`, unknown, "200", 0},
		"valid, of the third dialect": {200, `{"valid":true}`, unknown, "200", 0},
		"success alone":               {200, `{"success":true}`, unknown, "200", 0},
		"400 without a word":          {400, `{"success":false,"message":"Invalid OTP code"}`, unknown, "400", 0},
		"404 without a word":          {404, `{"message":"Not found"}`, unknown, "404", 0},
		"the guess as a word":         {400, `{"code":"4711"}`, unknown, "400", 0},
		"rate":                        {429, sample(t, "rate_limit"), throttled, "RATE_LIMIT_EXCEEDED", 30 * time.Second},
		"balance":                     {402, sample(t, "balance"), exhausted, "INSUFFICIENT_BALANCE", 0},
		"nothing":                     {200, "", transient, "200", 0},
		"null":                        {200, "null", unknown, "200", 0},
		"page":                        {200, html, transient, "200", 0},
		"page, 400":                   {400, html, transient, "400", 0},
		"a redirect":                  {307, html, unknown, "307", 0},
	} {
		for _, dialect := range []string{"id", "phone"} {
			t.Run(name+" by "+dialect, func(t *testing.T) {
				t.Parallel()
				p, _ := canned(t, dialect, reply{status: test.status, body: test.body})
				got, err := p.Verify(t.Context(), handle(), providers.NewSecret("4711"))
				if refused(t, err, "verify", test); got != (providers.Verdict{}) {
					t.Errorf("a verdict stands beside the error: %+v", got)
				}
			})
		}
	}
}
