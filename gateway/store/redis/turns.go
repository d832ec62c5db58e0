package redis

import (
	"context"

	"github.com/otpgate/otpgate/gateway/otp"
)

// turns are queues before verifications. Who found that a verification had changed in his hands waits here for others of
// this gateway to whom the same happened: so that of many who change one at once, not all but one write in vain each time.
type turns [64]chan struct{}

func newTurns() *turns {
	t := new(turns)
	for i := range t {
		t[i] = make(chan struct{}, 1)
	}
	return t
}

// wait returns when it is the caller's turn, who has to leave then. Verifications may share a queue.
func (t *turns) wait(ctx context.Context, ref otp.Reference) (leave func(), err error) {
	turn := t[int(otp.ShardOf(string(ref)))%len(t)]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
