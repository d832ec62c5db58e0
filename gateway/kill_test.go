package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
)

// nobody is a phone that forgets what it gets.
type nobody struct{}

func (nobody) Receive(providers.Channel, providers.Recipient, string, string) {}

// TestMain makes a gateway of the test binary when it is started with a configuration file: something to be killed.
func TestMain(m *testing.M) {
	file := os.Getenv("OTPGATE_TEST_GATEWAY")
	if file == "" {
		os.Exit(m.Run())
	}
	if err := serve(file); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(file string) error {
	cfg, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		return err
	}
	g, err := gateway.Open(context.Background(), cfg, gateway.Options{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Phone: nobody{},
	})
	if err != nil {
		return err
	}
	fmt.Println("http://" + g.Address())
	return g.Run(context.Background())
}

// child is a gateway in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
}

func spawn(t *testing.T, file string) child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "OTPGATE_TEST_GATEWAY="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := bufio.NewScanner(out)
	if !line.Scan() {
		t.Fatal("the gateway did not start")
	}
	return child{cmd, line.Text()}
}

// answered is what the clients were told before the gateway was killed.
type answered struct {
	mu      sync.Mutex
	guesses map[string]int // reference → wrong guesses that were answered
}

func (a *answered) note(ref string, guesses int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.guesses[ref] = max(a.guesses[ref], guesses)
}

// load sends and guesses until the gateway is gone.
func (a *answered) load(url string, client int) {
	for i := 0; ; i++ {
		sent, err := call(url+"/v1/otp/send", "shop-key", fmt.Sprintf(`{"to":"p%d-%d@example.com"}`, client, i))
		if err != nil || sent.status != http.StatusCreated {
			return
		}
		a.note(sent.Reference, 0)
		for guess := 1; guess <= 2; guess++ {
			wrong, err := call(url+"/v1/otp/verify", "shop-key", fmt.Sprintf(`{"reference":%q,"code":"000"}`, sent.Reference))
			if err != nil {
				return
			}
			if wrong.status == http.StatusUnprocessableEntity {
				a.note(sent.Reference, guess)
			}
		}
	}
}

func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
	w.write("http://127.0.0.1:1")
	a := &answered{guesses: map[string]int{}}
	for round := range 3 {
		gw := spawn(t, w.file)
		var clients sync.WaitGroup
		for client := range 16 {
			clients.Go(func() { a.load(gw.url, round*100+client) })
		}
		before := len(a.guesses)
		w.await(func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.guesses) > before+200
		})
		if err := gw.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		clients.Wait()
		if err := gw.cmd.Wait(); err == nil {
			t.Fatal(errors.New("the gateway ended by itself"))
		}
	}
	a.check(t, spawn(t, w.file))
}

// check guesses once more at everything, and fails when a gateway has forgotten a guess that was answered.
func (a *answered) check(t *testing.T, gw child) {
	t.Helper()
	for ref, guesses := range a.guesses {
		left := 2 - guesses // of three, after this guess
		again, err := call(gw.url+"/v1/otp/verify", "shop-key", fmt.Sprintf(`{"reference":%q,"code":"000"}`, ref))
		if err != nil {
			t.Fatal(err)
		}
		// A guess that was counted but not answered may be gone as well; none may have come back.
		known := again.status == http.StatusUnprocessableEntity || again.status == http.StatusGone
		if !known || again.AttemptsRemaining > left {
			t.Fatalf("%s, %d guesses answered: %d %s", ref, guesses, again.status, again.body)
		}
	}
}
