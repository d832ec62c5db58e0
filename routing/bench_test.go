package routing

import (
	"context"
	"strconv"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// BenchmarkPlan plans over six candidates of the last of fifty rules.
func BenchmarkPlan(b *testing.B) {
	for _, strategy := range []Strategy{Priority, Weighted, Cheapest, Best} {
		b.Run(string(strategy), func(b *testing.B) {
			var list []providers.Provider
			for i := range 6 {
				list = append(list, newFake("p"+strconv.Itoa(i)))
			}
			r := newRig(b, nil, func(s *Settings) {
				last := s.Rules[0]
				last.Strategy = strategy
				s.Rules = nil
				for i := range 49 {
					s.Rules = append(s.Rules, Rule{When: When{
						Countries: providers.Countries{"K" + strconv.Itoa(i), "NG", "KE"}, Channels: []providers.Channel{providers.SMS},
					}})
				}
				for i := range last.Use {
					last.Use[i].Weight = i + 1
					s.Providers[i].MaxPerSecond, s.Providers[i].MaxInFlight = 1e9, 1e6
					s.Providers[i].Prices = map[Market]Price{{Channel: providers.SMS}: {float64(7 - i), "USD"}}
				}
				s.Rules = append(s.Rules, last)
			}, list...)
			req := smsRequest()
			req.Send.Wish = providers.CodeWish{Length: 6, Alphabet: providers.Numeric}
			if n := len(r.Plan(req).Places); n != 6 {
				b.Fatalf("%d places", n)
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Plan(req)
			}
		})
	}
}

// BenchmarkSend sends through the first of three providers, which answers at once.
func BenchmarkSend(b *testing.B) {
	r := newRig(b, nil, nil, quick("a"), quick("b"), quick("c"))
	req := smsRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Send(b.Context(), req, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// quick is a provider that takes everything and remembers nothing.
type quick string

func (q quick) Info() providers.Info { return newFake(string(q)).info }

func (q quick) Send(context.Context, providers.SendRequest) (providers.Handle, error) {
	return providers.Handle{UpstreamID: "1"}, nil
}

func (q quick) Verify(context.Context, providers.Handle, providers.Secret) (providers.Verdict, error) {
	return providers.Verdict{Match: true}, nil
}
