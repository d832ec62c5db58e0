package twin

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Server is a twin at an address.
type Server struct {
	URL  string // such as "http://127.0.0.1:41234"
	Twin *Twin

	http *http.Server
	done chan struct{}
}

// Start serves t at address, which should be on loopback: "127.0.0.1:0" takes any free port.
func Start(t *Twin, address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL:  "http://" + l.Addr().String(),
		Twin: t,
		http: &http.Server{
			Handler: t, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends with ErrServerClosed, or with a listener that Close has closed
	}()
	return s, nil
}

// Close stops serving and breaks off what is being answered.
func (s *Server) Close() error {
	s.Twin.Close()
	err := s.http.Close()
	<-s.done
	return err
}
