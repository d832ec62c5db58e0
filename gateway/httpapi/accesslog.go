package httpapi

import (
	"log/slog"
)

// log writes the one line that a request leaves. It holds nothing that the client wrote but a checked request id: no
// path, query, header or body.
func (r *call) log() {
	status := r.fiber.Response().StatusCode()
	level := r.level(status)
	if !r.Log.Enabled(r.ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("method", r.method),
		slog.String("route", r.route.path),
		slog.Int("status", status),
		slog.Float64("took_ms", float64(r.ended.Sub(r.began).Microseconds())/1000),
		slog.String("request_id", r.id),
		slog.String("peer", r.peer()),
	)
	if r.caller.App != nil {
		attrs = append(attrs, slog.String("app", r.caller.App.ID))
	}
	if r.reference != "" {
		attrs = append(attrs, slog.String("reference", string(r.reference)))
	}
	if r.code != "" {
		attrs = append(attrs, slog.String("code", string(r.code)))
	}
	if r.cause != nil {
		attrs = append(attrs, slog.String("cause", r.cause.Error()))
	}
	if r.stack != nil {
		attrs = append(attrs, slog.String("stack", string(r.stack)))
	}
	line := slog.NewRecord(r.ended, level, "request", 0) // where in the source it is written nobody is told
	line.AddAttrs(attrs...)
	_ = r.Log.Handler().Handle(r.ctx, line) // a line that cannot be written is lost, as ever
}

func (r *call) level(status int) slog.Level {
	switch {
	case status == 500:
		return slog.LevelError
	case status > 500:
		return slog.LevelWarn
	case r.route.probe:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}
