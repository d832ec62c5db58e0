package gateway

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rememberEvery is how often the verified shares of providers are written down. A crash loses that much of them.
const rememberEvery = 30 * time.Second

// recall takes up the verified shares that an earlier process wrote down.
func (g *Gateway) recall(ctx context.Context) error {
	rows, err := g.store.Quality(ctx)
	if err != nil {
		return err
	}
	g.ground.health.Import(rows)
	return nil
}

// remember writes the verified shares down, now and then and at the end.
func (g *Gateway) remember(ctx context.Context) {
	tick := time.NewTicker(rememberEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			g.save(closing)
			return
		case <-tick.C:
			g.save(ctx)
		}
	}
}

func (g *Gateway) save(ctx context.Context) {
	if err := g.store.SaveQuality(ctx, g.ground.health.Export()); err != nil && ctx.Err() == nil {
		g.options.Log.Warn("the verified shares of providers were not written down", "error", err)
	}
}

// learn takes in verifications that ran out.
func (g *Gateway) learn(expired []otp.Verification) {
	for _, v := range expired {
		g.ground.observer.Settled(v)
		otp.Teach(g.ground.health, v)
	}
}
