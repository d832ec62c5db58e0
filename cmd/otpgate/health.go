package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// maxHealthURL keeps a mistaken argument from filling a log at every probe.
const maxHealthURL = 256

type healthCommand struct {
	URL     string        `name:"url" default:"http://127.0.0.1:8080" help:"Address of the gateway."`
	Timeout time.Duration `default:"3s" help:"How long its answer may take."`
}

// Run asks a running gateway whether it can serve, as a load balancer does. Images without a shell have nothing else to
// ask with.
func (c healthCommand) Run(world *surroundings) error {
	target, err := readyURL(c.URL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(world.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return errors.New("--url: no request can be made of it")
	}
	// No proxy: the gateway that is meant stands here. No redirect: what another server says does not count.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%s is not ready: it does not answer: %w", c.URL, cause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: /readyz answers %d", c.URL, resp.StatusCode)
	}
	_, err = fmt.Fprintf(world.out, "%s is ready\n", c.URL)
	return err
}

// readyURL is where a gateway tells whether it can serve.
func readyURL(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || len(server) > maxHealthURL || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" {
		return "", errors.New("--url: write the gateway's address, such as http://127.0.0.1:8080")
	}
	return u.JoinPath("readyz").String(), nil
}

// cause is what stopped a request, without the method and URL that net/http puts before it.
func cause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
