package httpapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

// patience bounds every wait in these tests.
const patience = 20 * time.Second

// listen serves app on a free port of the loopback until the test ends.
func listen(t *testing.T, app *fiber.App) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(ln) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(patience); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("listener: %v", err)
		}
	})
	return ln.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// readRaw reads the answer to what was written to conn as a request to path.
func readRaw(t *testing.T, conn net.Conn, method, path string) answer {
	t.Helper()
	req, err := http.NewRequest(method, path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, req, resp)
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{result: otp.Result{Verification: pending()}}
	address := listen(t, newApp(t, fake))
	head := "POST /v1/otp/send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
		"X-API-Key: " + shopKey + "\r\nX-API-Secret: " + shopSecret + "\r\nConnection: close\r\n"
	body := func(size int) string { return `{"to":"` + strings.Repeat("x", size-len(`{"to":""}`)) + `"}` }
	tests := []struct {
		name, text string
		status     int
		code       string
	}{
		{"64 KiB", head + "Content-Length: 65536\r\n\r\n" + body(65536), 201, ""},
		{"one byte more", head + "Content-Length: 65537\r\n\r\n", 413, "body_too_large"},
		{"in chunks", head + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + body(65537), 413, "body_too_large"},
		{"one huge chunk", head + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n", 413, "body_too_large"},
		{"with 100-continue", head + "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413, "body_too_large"},
		{"a header of 9 KiB", head + "X-Much: " + strings.Repeat(canaryCode, 1536), 431, "headers_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address)
			go io.WriteString(conn, tt.text) // the answer may come first
			reader := bufio.NewReader(conn)
			req, _ := http.NewRequest(http.MethodPost, "/v1/otp/send", http.NoBody)
			resp, err := http.ReadResponse(reader, req)
			if err == nil && resp.StatusCode == http.StatusContinue {
				resp, err = http.ReadResponse(reader, req)
			}
			if err != nil {
				t.Fatal(err)
			}
			a := read(t, req, resp)
			if a.status != tt.status || tt.code != "" && a.text(t, "code") != tt.code {
				t.Errorf("status %d, %s", a.status, a.body)
			}
		})
	}
}

func TestWhatIsNotHTTPIsNotRepeated(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	short := func(o *httpapi.Options) { o.ReadTimeout = 300 * time.Millisecond } // fasthttp waits for the rest of some
	address := listen(t, newApp(t, &fakeOTP{}, log.record, short))
	for name, text := range map[string]string{
		"a header without colon":   "GET / HTTP/1.1\r\nHost: x\r\nX-API-Secret 984205\r\n\r\n",
		"a broken content length":  "POST /v1/otp/send HTTP/1.1\r\nHost: x\r\nContent-Length: 984205x\r\n\r\n",
		"a broken request line":    "984205\r\n\r\n",
		"no version":               "GET /984205\r\nHost: x\r\n\r\n",
		"a chunk of no known size": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz984205\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, address)
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
			a := readRaw(t, conn, http.MethodPost, "/")
			if a.status != http.StatusBadRequest && a.status != http.StatusNotFound && a.status != http.StatusRequestTimeout {
				t.Errorf("status %d", a.status)
			}
			if strings.Contains(string(a.body), canaryCode) {
				t.Errorf("it is in the answer: %s", a.body)
			}
		})
	}
	if strings.Contains(log.String(), canaryCode) || strings.Count(log.String(), "\n") != 5 {
		t.Errorf("log:\n%s", log)
	}
}

// TestSlowSendersAreCutOff states that the time of a request is counted from its start, whatever drips in.
func TestSlowSendersAreCutOff(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	address := listen(t, newApp(t, fake, func(o *httpapi.Options) { o.ReadTimeout = 150 * time.Millisecond }))
	for name, start := range map[string]string{
		"in the header": "POST /v1/otp/send HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"in the body":   "POST /v1/otp/send HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address)
			if _, err := io.WriteString(conn, start); err != nil {
				t.Fatal(err)
			}
			stop := drip(conn)
			defer stop()
			a := readRaw(t, conn, http.MethodPost, "/v1/otp/send")
			if a.status != http.StatusRequestTimeout || a.text(t, "code") != "request_timeout" || fake.calls() > 0 {
				t.Errorf("status %d, %s", a.status, a.body)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("the connection stays open")
			}
		})
	}
}

// drip writes a byte every few milliseconds until it is stopped or the connection is gone.
func drip(conn net.Conn) (stop func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if _, err := conn.Write([]byte("x")); err != nil {
					return
				}
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	address := listen(t, newApp(t, &fakeOTP{}, func(o *httpapi.Options) { o.IdleTimeout = 50 * time.Millisecond }))
	conn := dial(t, address)
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(conn) // ends when the server hangs up
	if err != nil || strings.Count(string(rest), "HTTP/1.1 ") != 1 {
		t.Errorf("%v\n%s", err, rest)
	}
}

// Who sends a body that is too large reads the refusal, and no reset of the connection, as long as the body is not
// without bounds.
func TestWhoSendsTooMuchReadsWhy(t *testing.T) {
	t.Parallel()
	address := listen(t, newApp(t, &fakeOTP{}))
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	for _, size := range []int{65537, 200_000, 800_000} {
		for range 5 {
			resp, err := client.Post("http://"+address+"/v1/otp/send", "application/json", strings.NewReader(strings.Repeat(" ", size)))
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Fatalf("%d bytes: %s", size, resp.Status)
			}
		}
	}
}
