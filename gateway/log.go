package gateway

import (
	"io"
	"log/slog"

	"github.com/otpgate/otpgate/gateway/config"
)

// NewLog makes the log that the configuration asks for.
func NewLog(cfg config.Logs, out io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}
