package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Explain tells what a gateway with this configuration would do with a send of the app, when nothing has happened yet:
// no provider has failed and no limit is used. appID may be empty when there is one app only. It takes no address,
// opens no database and sends nothing.
func Explain(ctx context.Context, cfg *config.Config, appID string, in otp.SendInput) (otp.Preview, error) {
	app, err := appNamed(cfg, appID)
	if err != nil {
		return otp.Preview{}, err
	}
	g, err := newGround(Options{Log: slog.New(slog.DiscardHandler), Phone: deaf{}}, routing.Silent{})
	if err != nil {
		return otp.Preview{}, err
	}
	g.store = blank{}
	gen, err := g.build(cfg)
	if err != nil {
		return otp.Preview{}, err
	}
	preview, err := gen.service.Plan(ctx, appOf(app, cfg.Apps[app]), in)
	return preview, errors.Join(err, gen.close(ctx))
}

// appNamed is the id of the app that is meant.
func appNamed(cfg *config.Config, id string) (string, error) {
	known := slices.Sorted(maps.Keys(cfg.Apps))
	switch {
	case id == "" && len(known) == 1:
		return known[0], nil
	case id == "":
		return "", fmt.Errorf("there are several apps; name one of %s", strings.Join(known, ", "))
	case !slices.Contains(known, id):
		return "", fmt.Errorf("there is no app %q; name one of %s", id, strings.Join(known, ", "))
	}
	return id, nil
}

// blank is the store of a gateway to which nothing has happened. Of a service over it only Plan may be asked.
type blank struct{ otp.Store }

// Levels implements [otp.Store].
func (blank) Levels(_ context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	levels := make([]otp.Level, len(claims))
	for i, c := range claims {
		levels[i] = new(otp.Window).Level(c.Name, c.Limit, now)
	}
	return levels, nil
}

// deaf stands in for the phone of a sandbox, so that a sandbox's configuration can be explained too.
type deaf struct{}

// Receive does nothing.
func (deaf) Receive(providers.Channel, providers.Recipient, string, string) {}
