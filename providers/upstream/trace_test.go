package upstream_test

import (
	"net/http"
	"testing"

	"github.com/otpgate/otpgate/providers/upstream"
)

func TestAnUpstreamIsToldTheTraceOfTheContext(t *testing.T) {
	t.Parallel()
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var got []string
	client := newClient(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Traceparent"))
	}))
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		if _, err := client.Do(upstream.WithTrace(t.Context(), header), call(method)); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(t.Context(), call(method)); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 4 || got[0] != header || got[2] != header || got[1] != "" || got[3] != "" {
		t.Errorf("told %q", got)
	}
}
