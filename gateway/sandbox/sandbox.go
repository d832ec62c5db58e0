// Package sandbox runs the whole product on one machine without an account anywhere: a gateway, a twin of every upstream,
// and a demo app whose secret is made at the first start.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// Options are the settings of a sandbox.
type Options struct {
	Listen  string    // address of the API; must be on loopback
	Console string    // address of the console; must be on loopback; empty: a free port
	Twins   string    // address of the twins; must be on loopback
	Folder  string    // holds the database, the configuration and the demo app's secret
	Version string    // of the program
	Out     io.Writer // gets the greeting
	Log     io.Writer // gets the log
	Lookup  func(name string) (string, bool)
}

// Run starts a sandbox, greets, and serves until ctx ends.
func Run(ctx context.Context, o Options) error {
	o.Console = cmp.Or(o.Console, "127.0.0.1:0")
	err := errors.Join(loopback("--listen", o.Listen), loopback("--console", o.Console), loopback("--twins", o.Twins))
	if err != nil {
		return err
	}
	demo, err := loadDemo(o.Folder)
	if err != nil {
		return err
	}
	inbox := new(twin.Inbox)
	meta := whatsapptwin.New(whatsapptwin.Options{Inbox: inbox})
	defer meta.Wait()
	calls := new(httpsmstwin.Calls)
	defer calls.Wait()
	mux, closeTwins := serveTwins(inbox, meta.Twin, calls)
	defer closeTwins()
	l, err := net.Listen("tcp", o.Twins)
	if err != nil {
		return fmt.Errorf("--twins: the address cannot be taken: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // ends with Close
	defer serving.Wait()
	defer server.Close()

	cfg, err := demo.configure(o, l.Addr().String())
	if err != nil {
		return err
	}
	log := gateway.NewLog(cfg.Telemetry.Logs, o.Log)
	g, err := gateway.Open(ctx, cfg, gateway.Options{Log: log, Version: o.Version, Phone: inbox, Inbox: phones{inbox}})
	if err != nil {
		return err
	}
	meta.CallTo("http://" + g.Address() + "/v1/callbacks/inhouse")
	calls.AskAt("http://" + g.Address() + "/v1/voice/inhouse/sandbox-voice-token-0123456789")
	greet(o.Out, g, l.Addr().String(), demo, o.Folder)
	return g.Run(ctx)
}

// RunTwin serves one twin alone at address until ctx ends: for somebody else's tests.
func RunTwin(ctx context.Context, kind, address string, out io.Writer) error {
	if err := loopback("--listen", address); err != nil {
		return err
	}
	for _, one := range builtin.Twins() {
		if one.Kind != kind {
			continue
		}
		server, err := twin.Start(one.New(new(twin.Inbox)), address)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "the twin of %s serves at %s; inbox at %s/inbox, faults at %s/faults, credentials: %s\n",
			kind, server.URL, server.URL, server.URL, one.Credentials)
		<-ctx.Done()
		return server.Close()
	}
	return fmt.Errorf("there is no twin of kind %q; choose one of %s", kind, kindList())
}

// serveTwins puts every twin below a path of its kind, and the inbox that they share beside them. Those of what carries
// the in-house generator's texts stand below the names of their transports and presets.
func serveTwins(inbox *twin.Inbox, meta *twin.Twin, calls *httpsmstwin.Calls) (*http.ServeMux, func()) {
	mux := http.NewServeMux()
	shared := twin.New("sandbox", inbox)
	mux.Handle("/", shared)
	twins := []*twin.Twin{shared}
	serve := func(name string, made *twin.Twin) {
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, made))
		twins = append(twins, made)
	}
	for _, one := range builtin.Twins() {
		serve(one.Kind, one.New(inbox))
	}
	serve("whatsapp", meta)
	for preset, made := range httpsmstwin.All() {
		serve(preset, made(httpsmstwin.Options{Inbox: inbox, Calls: calls}))
	}
	return mux, func() {
		for _, t := range twins {
			t.Close()
		}
	}
}

// loopback refuses addresses that other machines can reach: a sandbox shows codes to whoever asks.
func loopback(flag, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %q is not an address; write such as 127.0.0.1:8080", flag, address)
	}
	ip := net.ParseIP(host)
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s: a sandbox shows codes to whoever asks and serves loopback only; write such as 127.0.0.1:8080", flag)
	}
	return nil
}

// configure writes the sandbox's configuration beside its data, for people to read, and loads it.
func (d demo) configure(o Options, twins string) (*config.Config, error) {
	text := d.yaml(o, twins, filepath.Join(o.Folder, "otpgate.db"))
	file := filepath.Join(o.Folder, "config.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cfg, report := config.Load(file, config.Sources{Kinds: builtin.Kinds(), Lookup: o.Lookup})
	return cfg, report.Err()
}
