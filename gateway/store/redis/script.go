package redis

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var sources embed.FS

// script is one atomic step.
type script struct {
	name, source, hash string
}

type scripts struct {
	begin, unbegin, renew, unrenew, deliver, reserve, release, settle, report, claim, expire script // on a record
	charge, uncharge, hold, unhold, answer, link, lookup, park, followed                     script // elsewhere
}

// loadScripts puts each step together with the parts that it shares with others.
func loadScripts() (scripts, error) {
	var s scripts
	for _, one := range []struct {
		to    *script
		name  string
		parts string
	}{
		{&s.begin, "begin", "record window"}, {&s.unbegin, "unbegin", "record"},
		{&s.renew, "renew", "record window"}, {&s.unrenew, "unrenew", "record"},
		{&s.deliver, "deliver", "record"}, {&s.reserve, "reserve", "record window failures"},
		{&s.release, "release", "record window failures"}, {&s.settle, "settle", "record window failures"},
		{&s.report, "report", "record"}, {&s.claim, "claim", "record"}, {&s.expire, "expire", "record"},
		{&s.charge, "charge", "window"}, {&s.uncharge, "uncharge", "window"},
		{&s.hold, "hold", ""}, {&s.unhold, "unhold", ""}, {&s.answer, "answer", ""},
		{&s.link, "link", ""}, {&s.lookup, "lookup", ""}, {&s.park, "park", ""},
		{&s.followed, "followed", ""},
	} {
		var source strings.Builder
		for _, part := range strings.Fields(one.parts) {
			text, err := sources.ReadFile("scripts/lib_" + part + ".lua")
			if err != nil {
				return s, err
			}
			source.Write(text)
		}
		text, err := sources.ReadFile("scripts/" + one.name + ".lua")
		if err != nil {
			return s, err
		}
		source.Write(text)
		*one.to = script{name: one.name, source: source.String(), hash: goredis.NewScript(source.String()).Hash()}
	}
	return s, nil
}

// command is one call of a script.
type command struct {
	*goredis.Cmd
	script script
	keys   []string
	args   []any
}

// NoRetry keeps the client from calling a script again that may have run.
func (*command) NoRetry() bool { return true }

func newCommand(ctx context.Context, s script, keys []string, args ...any) *command {
	c := &command{script: s, keys: keys, args: args}
	c.prepare(ctx, "evalsha", s.hash)
	return c
}

func (c *command) prepare(ctx context.Context, verb, what string) {
	args := make([]any, 0, 3+len(c.keys)+len(c.args))
	args = append(args, verb, what, len(c.keys))
	for _, key := range c.keys {
		args = append(args, key)
	}
	c.Cmd = goredis.NewCmd(ctx, append(args, c.args...)...)
	c.SetFirstKeyPos(3)
}

// reply is the answer of a script: a word and what belongs to it.
type reply struct {
	word   string
	values []any
}

// reply is the answer of a script that did not fail.
func (c *command) reply() reply {
	all, _ := c.Val().([]any)
	if len(all) == 0 {
		return reply{}
	}
	return reply{word: text(all[0]), values: all[1:]}
}

// at is one of the values; nil when there are fewer.
func (r reply) at(i int) any {
	if i >= len(r.values) {
		return nil
	}
	return r.values[i]
}

func (r reply) list(i int) []any {
	all, _ := r.at(i).([]any)
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// run sends the calls in one round trip and waits for all of them. A script that a server does not know is sent whole
// in a second one: a server forgets its scripts when it restarts or another one takes its place.
func (s *Store) run(ctx context.Context, calls ...*command) error {
	err := s.exec(ctx, calls)
	var unknown []*command
	for _, c := range calls {
		if goredis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			c.prepare(ctx, "eval", c.script.source)
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		_ = s.exec(ctx, unknown) // its errors are those of the calls, too
	} else if err == nil {
		return nil
	}
	for _, c := range calls {
		if c.Err() != nil {
			return explain(fmt.Errorf("%s: %w", c.script.name, c.Err()))
		}
	}
	return nil
}

func (s *Store) exec(ctx context.Context, calls []*command) error {
	pipe := s.client.Pipeline()
	for _, c := range calls {
		_ = pipe.Process(ctx, c)
	}
	began := time.Now()
	_, err := pipe.Exec(ctx)
	took := time.Since(began)
	for _, c := range calls {
		if goredis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			continue
		}
		s.options.Observe(c.script.name, took, c.Err())
	}
	return err
}

// disagreement is a defect: a script refused what the rules grant, or the other way round.
func disagreement(script string) error {
	return fmt.Errorf("the script %s and the rules of gateway/otp disagree", script)
}
