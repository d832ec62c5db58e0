package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	// stride is how many rows are read at once.
	stride = 200
	// sight is how many rows a page looks at. What a filter leaves out counts too: a page can be short, or even empty,
	// and still have a next one.
	sight = 5000
)

// List implements [otp.History].
func (h *History) List(ctx context.Context, q otp.Query) (otp.Page[otp.Verification], error) {
	if q.Cursor != "" {
		if _, err := otp.ParseReference(q.Cursor); err != nil {
			return otp.Page[otp.Verification]{}, badCursor()
		}
	}
	apps, err := h.named(ctx, q.App)
	if err != nil {
		return otp.Page[otp.Verification]{}, err
	}
	var page otp.Page[otp.Verification]
	for seen, after := 0, q.Cursor; ; {
		refs, err := h.refs(ctx, apps, q, after)
		if err != nil {
			return otp.Page[otp.Verification]{}, err
		}
		found, err := h.Source.Records(ctx, refs)
		if err != nil {
			return otp.Page[otp.Verification]{}, err
		}
		for _, v := range found {
			if v = v.At(q.Now); !lists(q, v) {
				continue
			}
			if page.Items = append(page.Items, v); len(page.Items) == q.Limit {
				if len(refs) == stride || v.Reference != refs[len(refs)-1] {
					page.Next = string(v.Reference)
				}
				return page, nil
			}
		}
		if seen += len(refs); len(refs) < stride {
			return page, nil
		}
		if after = string(refs[len(refs)-1]); seen >= sight {
			page.Next = after
			return page, nil
		}
	}
}

// refs are the next references before the one given, the newest first.
func (h *History) refs(ctx context.Context, apps []string, q otp.Query, before string) ([]otp.Reference, error) {
	from := ""
	if !q.From.IsZero() {
		from = otp.ReferencesSince(q.From)
	}
	if !q.Until.IsZero() { // what is too late by less is left out when it was read
		until := otp.ReferencesSince(q.Until.Add(time.Millisecond - 1))
		if before == "" || until < before {
			before = until
		}
	}
	if q.To != "" {
		return h.Source.To(ctx, q.To, from, before, stride)
	}
	span := &redis.ZRangeBy{Min: "-", Max: "+", Count: stride}
	if from != "" {
		span.Min = "[" + from
	}
	if before != "" {
		span.Max = "(" + before
	}
	var all []otp.Reference
	for _, app := range apps {
		refs, err := h.Client.ZRevRangeByLex(ctx, h.list(app), span).Result()
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			all = append(all, otp.Reference(ref))
		}
	}
	slices.SortFunc(all, func(a, b otp.Reference) int { return strings.Compare(string(b), string(a)) })
	return all[:min(len(all), stride)], nil
}

func lists(q otp.Query, v otp.Verification) bool {
	return (q.App == "" || v.App == q.App) && (q.Status == "" || v.Status == q.Status) && (q.Channel == "" || v.Channel == q.Channel) &&
		(q.Provider == "" || len(v.Deliveries) > 0 && v.Deliveries[len(v.Deliveries)-1].Provider == q.Provider) &&
		(q.Country == "" || v.To.Country() == q.Country) && (q.To == "" || v.To.Address() == q.To) &&
		(q.Purpose == "" || v.Purpose == q.Purpose) && has(v, q.Metadata) && within(q, v.CreatedAt)
}

func has(v otp.Verification, metadata map[string]string) bool {
	for key, value := range metadata {
		if got, ok := v.Metadata[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func within(q otp.Query, t time.Time) bool {
	return !t.Before(q.From) && (q.Until.IsZero() || t.Before(q.Until))
}

func badCursor() error {
	return &otp.Error{
		Code: otp.InvalidRequest, Detail: "the request has mistakes; errors names each field and what would be right",
		Fields: []otp.Field{{Field: "cursor", Message: "this is no cursor; send the next_cursor of the page before, or none"}},
	}
}
