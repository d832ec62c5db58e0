package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/goccy/go-json/v2"
)

//go:embed send.lua
var sendScript []byte

//go:embed verify.lua
var verifyScript []byte

//go:embed config.yaml.tmpl
var configTemplate string

// bench is the servers under test and the folder they work in.
type bench struct {
	runCommand
	ctx      context.Context
	folder   string
	children []*exec.Cmd
	at       map[string]string // address of each server
}

const (
	apiKey    = "bench"
	apiSecret = "bench-secret"
)

func newBench(ctx context.Context, c runCommand) (*bench, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk is missing; on Debian: apt-get install wrk")
	}
	folder, err := os.MkdirTemp("", "otpgate-bench")
	if err != nil {
		return nil, err
	}
	b := &bench{runCommand: c, ctx: ctx, folder: folder, at: map[string]string{}}
	if err := b.start(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) start() error {
	for _, name := range []string{"upstream", "passthrough", "echo", "gateway", "phones"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		b.at[name] = l.Addr().String()
		l.Close()
	}
	var text bytes.Buffer
	err := template.Must(template.New("config").Parse(configTemplate)).Execute(&text, map[string]string{
		"Listen": b.at["gateway"], "Upstream": "http://" + b.at["upstream"], "Folder": b.folder, "Key": apiKey, "SecretHash": hash(apiSecret),
	})
	if err != nil {
		return err
	}
	file := filepath.Join(b.folder, "config.yaml")
	for name, content := range map[string][]byte{file: text.Bytes(), b.path("send.lua"): sendScript, b.path("verify.lua"): verifyScript} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"upstream", b.at["upstream"]},
		{"passthrough", b.at["passthrough"], "http://" + b.at["upstream"] + "/otp/send"},
		{"echo", b.at["echo"]},
		{"gateway", file, b.at["phones"], "--cpu=" + b.CPU},
	} {
		if err := b.child(args...); err != nil {
			return err
		}
	}
	return b.wait()
}

func (b *bench) path(name string) string { return filepath.Join(b.folder, name) }

func (b *bench) child(args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(b.ctx, self, args...)
	c.Stderr = os.Stderr
	b.children = append(b.children, c)
	return c.Start()
}

// wait returns when every server takes connections.
func (b *bench) wait() error {
	deadline := time.Now().Add(10 * time.Second)
	for name, address := range b.at {
		for {
			c, err := net.DialTimeout("tcp", address, time.Second)
			if err == nil {
				c.Close()
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not answer", name)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

func (b *bench) close() {
	for _, c := range b.children {
		_ = c.Process.Signal(os.Interrupt)
	}
	for _, c := range b.children {
		_ = c.Wait()
	}
	_ = os.RemoveAll(b.folder)
}

// load runs wrk once and returns requests in a second.
func (b *bench) load(server, script string, args ...string) (float64, error) {
	line := []string{
		"-t2", "-c" + strconv.Itoa(b.Clients), "-d" + strconv.Itoa(int(b.Time.Seconds())) + "s",
		"-s", b.path(script), "http://" + b.at[server], "--",
	}
	out, err := exec.CommandContext(b.ctx, "wrk", append(line, args...)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	if unwanted := regexp.MustCompile(`unexpected answers: (\d+)`).FindSubmatch(out); unwanted == nil || string(unwanted[1]) != "0" {
		return 0, fmt.Errorf("%s gave answers that do not count\n%s", server, out)
	}
	rate := regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`).FindSubmatch(out)
	if rate == nil {
		return 0, fmt.Errorf("wrk said nothing of its rate\n%s", out)
	}
	return strconv.ParseFloat(string(rate[1]), 64)
}

// sends compares a send through a hosted provider with the bare pass-through.
func (b *bench) sends() (row, error) {
	r := row{What: "send, hosted provider", Yardstick: "bare pass-through"}
	for range b.Rounds {
		if err := r.pair(
			func() (float64, error) { return b.load("passthrough", "send.lua", "200") },
			func() (float64, error) { return b.load("gateway", "send.lua", "201") },
		); err != nil {
			return r, err
		}
	}
	return r, nil
}

// checks compares in-house checks, as many right as wrong (a wrong one that comes second is 409), with the bare echo.
func (b *bench) checks() (row, error) {
	r := row{What: "in-house verify, half of the codes wrong", Yardstick: "bare echo"}
	for range b.Rounds {
		if err := b.prepare(int(b.Time.Seconds()) * 15_000); err != nil {
			return r, err
		}
		if err := r.pair(
			func() (float64, error) { return b.load("echo", "verify.lua", b.path("guesses"), "200") },
			func() (float64, error) { return b.load("gateway", "verify.lua", b.path("guesses"), "200,409,422") },
		); err != nil {
			return r, err
		}
	}
	return r, nil
}

// prepare sends n codes by mail and writes down a wrong and a right guess for each.
func (b *bench) prepare(n int) error {
	references := make([]string, n)
	var wg sync.WaitGroup
	var failed error
	var once sync.Once
	const workers = 64
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				ref, err := b.send(i)
				if err != nil {
					once.Do(func() { failed = err })
					return
				}
				references[i] = ref
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	codes, err := b.codes()
	if err != nil {
		return err
	}
	var guesses bytes.Buffer
	for i, ref := range references {
		fmt.Fprintf(&guesses, "%s 000000\n%s %s\n", ref, ref, codes[person(i)])
	}
	return os.WriteFile(b.path("guesses"), guesses.Bytes(), 0o600)
}

func person(i int) string { return "p" + strconv.Itoa(i) + "@example.com" }

func (b *bench) send(i int) (string, error) {
	body := `{"to":"` + person(i) + `"}`
	req, err := http.NewRequestWithContext(b.ctx, http.MethodPost, "http://"+b.at["gateway"]+"/v1/otp/send", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(apiKey, apiSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		Reference string `json:"reference"`
	}
	if resp.StatusCode != http.StatusCreated || json.Unmarshal(text, &answer) != nil {
		return "", fmt.Errorf("a send was answered %d: %s", resp.StatusCode, text)
	}
	return answer.Reference, nil
}

func (b *bench) codes() (map[string]string, error) {
	resp, err := http.Get("http://" + b.at["phones"] + "/codes")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	codes := map[string]string{}
	for line := range strings.Lines(string(text)) {
		to, code, _ := strings.Cut(strings.TrimSpace(line), " ")
		codes[to] = code
	}
	return codes, nil
}
