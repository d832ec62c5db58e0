package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// around is the outermost handler: whatever happens further in, one answer leaves and one line is logged.
func (s *server) around(c *fiber.Ctx) error {
	r := s.begin(c)
	c.Locals(callKey{}, r)
	if err := r.next(); err != nil {
		r.refuse(err)
	}
	r.end()
	return nil
}

// end tells of a request whose answer is made.
func (r *call) end() {
	r.ended = r.Now()
	r.log()
	r.observed()
}

// next runs the route. A panic is an error here, and takes nothing of the request into the log: its value may hold
// parts of a body, so only what the runtime itself says is kept.
func (r *call) next() (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			r.stack, err = debug.Stack(), fmt.Errorf("panic: %w", v)
		default:
			r.stack, err = debug.Stack(), fmt.Errorf("panic with a %T", v)
		}
	}()
	return r.fiber.Next()
}

// serve makes a fiber handler of a route.
func (s *server) serve(route route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := c.Locals(callKey{}).(*call)
		r.route = route
		ctx, cancel := context.WithTimeout(r.ctx, r.snapshot.RequestTimeout)
		defer cancel()
		r.ctx = ctx
		if !route.probe {
			r.follow()
			if !s.enter() {
				return &otp.Error{Code: otp.Overloaded, Detail: "the gateway has too much to do; try again shortly"}
			}
			defer s.leave()
		}
		if route.scope != "" {
			if err := r.authenticate(route.scope); err != nil {
				return err
			}
		}
		answer, err := route.serve(r)
		if err != nil {
			return err
		}
		return r.write(answer)
	}
}

func (s *server) enter() bool {
	if s.inFlight.Add(1) <= int64(s.MaxInFlight) {
		return true
	}
	s.leave()
	return false
}

func (s *server) leave() { s.inFlight.Add(-1) }

// unread answers a request that fasthttp could not read and that therefore met no handler.
func (s *server) unread(c *fiber.Ctx, err error) error {
	r := s.begin(c)
	r.method = otherMethod // what stands there may be any part of the request
	if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code == http.StatusRequestEntityTooLarge {
		readRest(c.Context().Conn())
	}
	r.refuse(err)
	r.end()
	return nil
}
