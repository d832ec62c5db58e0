package redis

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var sources embed.FS

// script is one atomic step.
type script struct {
	source string
	hash   any // as a word of a call
}

type scripts struct {
	begin, unbegin, renew, replace, deliver, guess, claim script // on a verification
	limit, unlimit, charge, uncharge                      script // limits by themselves
	exchange, free, lookup, park, unpark, drop            script // elsewhere
}

// loadScripts puts each step together with the parts that it shares with others.
func loadScripts() (scripts, error) {
	var s scripts
	for _, one := range []struct {
		to    *script
		name  string
		parts string
	}{
		{&s.begin, "begin", "note window limit"}, {&s.unbegin, "unbegin", ""},
		{&s.renew, "renew", "note put window limit"}, {&s.replace, "replace", "note put window unlimit"},
		{&s.deliver, "deliver", "note put"}, {&s.guess, "guess", "note put window limit"}, {&s.claim, "claim", ""},
		{&s.limit, "limit", "window limit"}, {&s.unlimit, "unlimit", "window unlimit"},
		{&s.charge, "charge", ""}, {&s.uncharge, "uncharge", ""},
		{&s.exchange, "exchange", ""}, {&s.free, "free", ""},
		{&s.lookup, "lookup", "parked"}, {&s.park, "park", ""}, {&s.unpark, "unpark", "parked"}, {&s.drop, "drop", ""},
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
		*one.to = script{source: source.String(), hash: goredis.NewScript(source.String()).Hash()}
	}
	return s, nil
}

// command is one call of a script, or of Redis itself.
type command struct {
	*goredis.Cmd
	name   string    // of the step that it belongs to, for those who observe; empty: another call of the step is observed
	script script    // none: a command of Redis itself
	charge *charging // of a call that can be one with others
}

// NoRetry keeps the client from making a call again that may have been made.
func (*command) NoRetry() bool { return true }

// newCommand is a call of a script.
func newCommand(ctx context.Context, name string, s script, keys []string, args ...any) *command {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, "evalsha", s.hash, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	return newCall(ctx, name, s, append(words, args...))
}

func newCall(ctx context.Context, name string, s script, words []any) *command {
	c := &command{name: name, script: s, Cmd: goredis.NewCmd(ctx, words...)}
	c.SetFirstKeyPos(3)
	return c
}

// newNative is a call of Redis itself on one key.
func newNative(ctx context.Context, name string, words ...any) *command {
	c := &command{name: name, Cmd: goredis.NewCmd(ctx, words...)}
	c.SetFirstKeyPos(1)
	return c
}

// whole makes the call one that brings its script with it.
func (c *command) whole(ctx context.Context) {
	words := c.Args()
	words[0], words[1] = eval, c.script.source
	c.Cmd = goredis.NewCmd(ctx, words...)
	c.SetFirstKeyPos(3)
}

const eval = "eval"

func (c *command) isWhole() bool { return c.Args()[0] == eval }

// unknown tells that the server does not know the script.
func (c *command) unknown() bool {
	return c.Err() != nil && goredis.HasErrorPrefix(c.Err(), "NOSCRIPT")
}

// failure is what went wrong with a call. That nothing is there is an answer.
func (c *command) failure() error {
	if c.Err() == nil || errors.Is(c.Err(), goredis.Nil) {
		return nil
	}
	return c.Err()
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

// record is a verification as it stands in Redis, of which a script tells.
func (r reply) record() []byte { return []byte(text(r.at(0))) }

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// run sends the calls in one round trip and waits for all of them. A script that a server does not know is sent whole
// in a second one: a server forgets its scripts when it restarts or another one takes its place. After [errUnanswered]
// the calls must not be looked at.
func (s *Store) run(ctx context.Context, calls ...*command) error {
	if err := s.exec(ctx, calls); err != nil {
		return explain(err)
	}
	var unknown []*command
	for _, c := range calls {
		if c.unknown() {
			c.whole(ctx)
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		if err := s.exec(ctx, unknown); err != nil {
			return explain(err)
		}
	}
	for _, c := range calls {
		if err := c.failure(); err != nil {
			return explain(fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return nil
}

// exec sends the calls once. Its error is [errUnanswered]; all others stand in the calls.
func (s *Store) exec(ctx context.Context, calls []*command) error {
	began := time.Now()
	err := s.carry(ctx, calls)
	took := time.Since(began)
	for _, c := range calls {
		switch {
		case c.name == "":
		case err != nil:
			s.options.Observe(c.name, took, err)
		case !c.unknown():
			s.options.Observe(c.name, took, c.failure())
		}
	}
	return err
}

func (s *Store) carry(ctx context.Context, calls []*command) error {
	if s.lanes != nil {
		return s.lanes.carry(ctx, calls)
	}
	pipe := s.client.Pipeline()
	for _, c := range calls {
		_ = pipe.Process(ctx, c)
	}
	_, _ = pipe.Exec(ctx) // its errors are those of the calls
	return nil
}

// disagreement is a defect: a script refused what the rules grant, or the other way round.
func disagreement(script string) error {
	return fmt.Errorf("the script %s and the rules of gateway/otp disagree", script)
}
