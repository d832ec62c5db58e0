package console

import (
	"net/http"
	"net/http/pprof"
)

// routeProfiles adds Go's profiles. The import also enters them in http.DefaultServeMux, which nothing serves.
func (c *Console) routeProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}
