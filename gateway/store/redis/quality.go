package redis

import (
	"context"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// share is the verified share of one provider in one market.
type share struct {
	Verified float64 `json:"verified"`
	Total    float64 `json:"total"`
	At       int64   `json:"at"` // Unix milliseconds
}

// SaveQuality keeps the verified shares of providers. Of many gateways each has seen a part of the traffic; the one
// that writes last is believed at the next start.
func (s *Store) SaveQuality(ctx context.Context, rows []routing.Quality) error {
	if len(rows) == 0 {
		return nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	pipe := s.client.Pipeline()
	for _, q := range rows {
		value, err := json.Marshal(share{q.Verified, q.Total, q.At.UnixMilli()})
		if err != nil {
			return err
		}
		pipe.HSet(ctx, s.keys.quality(), strings.Join([]string{q.Provider, string(q.Channel), q.Country}, "\n"), value)
	}
	pipe.PExpire(ctx, s.keys.quality(), s.options.Retention)
	_, err := pipe.Exec(ctx)
	return explain(err)
}

// Quality returns what SaveQuality kept.
func (s *Store) Quality(ctx context.Context) ([]routing.Quality, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	all, err := s.client.HGetAll(ctx, s.keys.quality()).Result()
	if err != nil {
		return nil, explain(err)
	}
	var rows []routing.Quality
	for where, value := range all {
		parts := strings.Split(where, "\n")
		var kept share
		if err := json.Unmarshal([]byte(value), &kept); err != nil || len(parts) != 3 {
			continue // not worth a gateway that does not start
		}
		rows = append(rows, routing.Quality{
			Provider: parts[0], Channel: providers.Channel(parts[1]), Country: parts[2],
			Verified: kept.Verified, Total: kept.Total, At: time.UnixMilli(kept.At).UTC(),
		})
	}
	return rows, nil
}
