package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheMetricsOfK6AreRead(t *testing.T) {
	t.Parallel()
	got, err := parseOpen([]byte(`{
		"http_reqs": {"type": "counter", "contains": "default", "values": {"count": 6000, "rate": 2000}},
		"http_req_duration": {"type": "trend", "contains": "time", "values": {"med": 0.41, "p(99)": 2.5}},
		"dropped_iterations": {"values": {"count": 12, "rate": 4}},
		"unexpected": {"values": {"count": 3, "rate": 1}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := arrived{Requests: 6000, Lost: 3, Dropped: 12, P50: 0.41, P99: 2.5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatK6DidNotCountDidNotHappen(t *testing.T) {
	t.Parallel()
	got, err := parseOpen([]byte(`{"http_reqs":{"values":{"count":1}},"http_req_duration":{"values":{"med":1,"p(99)":2}}}`))
	if err != nil || got.Lost != 0 || got.Dropped != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAResultOfK6WithoutLatenciesIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":       `level=error`,
		"nothing":       `{}`,
		"no request":    `{"http_req_duration":{"values":{"med":1,"p(99)":2}}}`,
		"no percentile": `{"http_reqs":{"values":{"count":1}},"http_req_duration":{"values":{"med":1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseOpen([]byte(text)); err == nil {
				t.Errorf("read as %+v", got)
			}
		})
	}
}
