package main

import (
	"context"
	"errors"

	"github.com/goccy/go-json/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"
)

// countCommand is the yardstick of what a guess costs that is counted on Redis before it is answered, and nothing else: no
// key is looked at, nothing is compared, limited, recorded or told. What a gateway can reach of the bare echo is less.
type countCommand struct {
	Address string `arg:""`
	Redis   string `arg:"" help:"Address of the server that counts."`
}

// One script reads and lengthens what stands under a reference.
const countScript = `local text = redis.call('GET', KEYS[1])
redis.call('APPEND', KEYS[1], ARGV[1])
return text`

// As many round trips at a time, and callers in one, as a gateway on two processors has.
const countLanes, countLoad = 8, 8

// count is a guess that waits for its answer.
type count struct {
	reference, code string
	done            chan error
}

// Run serves a handler that counts each request and returns its body.
func (c countCommand) Run(w *world) error {
	client := redis.NewClient(&redis.Options{Addr: c.Redis})
	defer func() { _ = client.Close() }()
	hash, err := client.ScriptLoad(w.ctx, countScript).Result()
	if err != nil {
		return err
	}
	counts := make(chan *count, countLoad)
	for range countLanes {
		go carry(w.ctx, client, hash, counts)
	}
	app := newApp()
	app.Post("/v1/otp/verify", func(ctx *fiber.Ctx) error {
		var guess struct {
			Reference string `json:"reference"`
			Code      string `json:"code"`
		}
		if err := json.Unmarshal(ctx.Body(), &guess); err != nil {
			return err
		}
		one := &count{guess.Reference, guess.Code, make(chan error, 1)}
		counts <- one
		if err := <-one.done; err != nil {
			return err
		}
		ctx.Set("Content-Type", "application/json")
		return ctx.Send(ctx.Body())
	})
	return w.listen(app, c.Address)
}

// carry counts what waits at a moment in one round trip, until ctx ends.
func carry(ctx context.Context, client *redis.Client, hash string, counts <-chan *count) {
	for {
		var all []*count
		select {
		case first := <-counts:
			all = append(all, first)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(all) < countLoad; {
			select {
			case one := <-counts:
				all = append(all, one)
			default:
				more = false
			}
		}
		pipe := client.Pipeline()
		sent := make([]*redis.Cmd, len(all))
		for i, one := range all {
			sent[i] = pipe.EvalSha(ctx, hash, []string{"bare:" + one.reference}, one.code)
		}
		_, _ = pipe.Exec(ctx) // its errors are those of the calls
		for i, one := range all {
			err := sent[i].Err()
			if errors.Is(err, redis.Nil) { // nothing stood there before
				err = nil
			}
			one.done <- err
		}
	}
}
