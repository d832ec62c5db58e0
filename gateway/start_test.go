package gateway_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway"
)

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// What keeps a gateway from starting is told in one line.
func TestWhatKeepsItFromStarting(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken.db")
	if err := os.WriteFile(broken, []byte(strings.Repeat("this is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"occupied port":    {`listen: "127.0.0.1:0"}` + "\nconsole", fmt.Sprintf("listen: %q}\nconsole", taken.Addr())},
		"occupied console": {`console: {listen: "127.0.0.1:0"}`, fmt.Sprintf("console: {listen: %q}", taken.Addr())},
		"broken database":  {"FOLDER/otpgate.db", broken},
		"folder is a file": {"FOLDER/otpgate.db", filepath.Join(file, "otpgate.db")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
			w.write("http://127.0.0.1:1", change[0], change[1])
			_, err := gateway.Open(t.Context(), w.load(), gateway.Options{
				Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Phone: nobody{},
			})
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}
