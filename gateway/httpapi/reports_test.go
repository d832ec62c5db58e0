package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func sums() otp.Sums {
	hour := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	busy := otp.Counts{
		Sends: 4, Verified: 2, Expired: 1, Failed: 1, Checks: 5, Deliveries: 6, Taken: 4, Delivered: 3, Failovers: 2,
		Costs: map[string]int64{"USD": 140_000, "GHS": 1_500_000}, Times: map[int]int64{0: 1, 30: 1},
	}
	return otp.Sums{
		From: hour, Until: hour.Add(2 * time.Hour), By: []otp.Group{otp.GroupProvider, otp.GroupHour},
		Rows: []otp.Row{
			{Cell: otp.Cell{Provider: "", Hour: hour}, Counts: otp.Counts{Sends: 1, Failed: 1}},
			{Cell: otp.Cell{Provider: `=1+1,"x"`, Hour: hour.Add(time.Hour)}, Counts: busy},
		},
	}
}

func TestReportsTellSharesTimesAndCosts(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	fake.past.sums = sums()
	a := do(t, newApp(t, fake), get("/v1/otp/reports?from=2026-01-15T10:20:00Z&until=2026-01-15T12:00:00Z&group_by=provider,hour"+
		"&country=GH&channel=sms&provider=own&format=json"))
	want := `{"from":"2026-01-15T10:00:00.000Z","until":"2026-01-15T12:00:00.000Z","items":[` +
		`{"provider":"","hour":"2026-01-15T10:00:00.000Z","sends":1,"verified":0,"expired":0,"failed":1,"canceled":0,"resends":0,` +
		`"checks":0,"deliveries":0,"taken":0,"delivered":0,"undelivered":0,"failovers":0,"conversion":0,"costs":{},"cost_per_verified":{}},` +
		`{"provider":"=1+1,\"x\"","hour":"2026-01-15T11:00:00.000Z","sends":4,"verified":2,"expired":1,"failed":1,"canceled":0,"resends":0,` +
		`"checks":5,"deliveries":6,"taken":4,"delivered":3,"undelivered":0,"failovers":2,"conversion":0.5,"p50_seconds":0.5,` +
		`"p95_seconds":16.6,"costs":{"GHS":1.5,"USD":0.14},"cost_per_verified":{"GHS":0.75,"USD":0.07}}]}`
	if a.status != http.StatusOK || string(a.body) != want {
		t.Errorf("%d (-want +got):\n%s", a.status, cmp.Diff(want, string(a.body)))
	}
	asked := otp.ReportsInput{
		From: "2026-01-15T10:20:00Z", Until: "2026-01-15T12:00:00Z", GroupBy: "provider,hour", Country: "GH", Channel: "sms", Provider: "own",
	}
	if diff := cmp.Diff([]otp.ReportsInput{asked}, fake.past.spans); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestASheetIsATableAndNoFormula(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	fake.past.sums = sums()
	a := do(t, newApp(t, fake), get("/v1/otp/reports?format=csv"))
	want := "provider,hour,sends,verified,expired,failed,canceled,resends,checks,deliveries,taken,delivered,undelivered,failovers," +
		"conversion,p50_seconds,p95_seconds,cost_GHS,cost_per_verified_GHS,cost_USD,cost_per_verified_USD\r\n" +
		",2026-01-15T10:00:00.000Z,1,0,0,1,0,0,0,0,0,0,0,0,0,,,,,,\r\n" +
		`"'=1+1,""x""",2026-01-15T11:00:00.000Z,4,2,1,1,0,0,5,6,4,3,0,2,0.5,0.5,16.6,1.5,0.75,0.14,0.07` + "\r\n"
	if a.status != http.StatusOK || string(a.body) != want {
		t.Errorf("%d (-want +got):\n%s", a.status, cmp.Diff(want, string(a.body)))
	}
	if got := a.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="otpgate-20260115T10-20260115T12.csv"` {
		t.Errorf("Content-Disposition %q", got)
	}
}

func TestEveryDangerousBeginningIsGuarded(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	app := newApp(t, fake)
	for text, want := range map[string]string{
		"=a": "'=a", "+a": "'+a", "-a": "'-a", "@a": "'@a", "\ta": "'\ta", "a=": "a=", "": "", "sms": "sms",
	} {
		fake.past.sums = otp.Sums{By: []otp.Group{otp.GroupChannel}, Rows: []otp.Row{{Cell: otp.Cell{Channel: providers.Channel(text)}}}}
		a := do(t, app, get("/v1/otp/reports?format=csv"))
		_, line, _ := strings.Cut(string(a.body), "\r\n")
		if cell, _, _ := strings.Cut(line, ","); strings.Trim(cell, `"`) != want {
			t.Errorf("%q stands as %q, want %q", text, cell, want)
		}
	}
}

func TestAnalyticsTellDaysAndTotal(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 1, 14, 0, 0, 0, 0, time.UTC)
	fake := &fakeOTP{}
	fake.past.analysis = otp.Analysis{
		From: day, Until: day.Add(35 * time.Hour), Total: otp.Counts{Sends: 2, Verified: 1},
		Days: []otp.Row{
			{Cell: otp.Cell{Hour: day}, Counts: otp.Counts{Sends: 2, Verified: 1}}, {Cell: otp.Cell{Hour: day.Add(24 * time.Hour)}},
		},
	}
	a := do(t, newApp(t, fake), get("/v1/otp/analytics?days=2"))
	days := a.json(t)["days"].([]any)
	if a.status != http.StatusOK || len(days) != 2 || days[0].(map[string]any)["day"] != "2026-01-14" ||
		days[1].(map[string]any)["sends"] != 0.0 || a.json(t)["total"].(map[string]any)["conversion"] != 0.5 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if diff := cmp.Diff([]string{"2"}, fake.past.asks); diff != "" {
		t.Error(diff)
	}
}
