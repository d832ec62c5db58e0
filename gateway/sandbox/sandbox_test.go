package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/sandbox"
)

// output is what a sandbox prints, while it prints it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run starts a sandbox and returns what it greets with.
func run(t *testing.T, o sandbox.Options) string {
	t.Helper()
	out := new(output)
	o.Out, o.Log = out, io.Discard
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sandbox.Run(ctx, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !strings.Contains(out.String(), "Ctrl-C"); {
		select {
		case <-tick.C:
		case err := <-done:
			done <- err
			t.Fatal(err)
		case <-deadline:
			t.Fatal("no greeting")
		}
	}
	return out.String()
}

var command = regexp.MustCompile(`curl -s (?:-X (\w+) )?'?(http://[^ ']+)'?(?: -u '([^']+)')?(?: -H '[^']+')?(?: -d '([^']+)')?`)

// obey does what a printed curl command does.
func obey(t *testing.T, line string, fill ...string) (int, string) {
	t.Helper()
	m := command.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("%q is no command", line)
	}
	method := m[1]
	if method == "" && m[4] != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, m[2], strings.NewReader(strings.NewReplacer(fill...).Replace(m[4])))
	if err != nil {
		t.Fatal(err)
	}
	if key, secret, ok := strings.Cut(m[3], ":"); ok {
		req.SetBasicAuth(key, secret)
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// The printed commands are followed to the letter.
func TestGreetingWorksAsItStands(t *testing.T) {
	t.Parallel()
	greeting := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: t.TempDir()})
	var commands []string
	for line := range strings.Lines(greeting) {
		if strings.Contains(line, "curl") {
			commands = append(commands, line)
		}
	}
	if len(commands) != 4 {
		t.Fatalf("%d commands in\n%s", len(commands), greeting)
	}
	reference, code := regexp.MustCompile(`"reference":"(\w+)"`), regexp.MustCompile(`"text":"[^"]*?\b(\d{4,6})\b`)
	for _, provider := range []string{"hubtel-gh", "sendexa"} {
		status, sent := obey(t, commands[0])
		if status != http.StatusCreated || !strings.Contains(sent, `"provider":"`+provider+`"`) {
			t.Fatalf("send: %d %s", status, sent)
		}
		_, inbox := obey(t, commands[1])
		found := code.FindStringSubmatch(inbox)
		if found == nil {
			t.Fatalf("the inbox holds %s", inbox)
		}
		status, verified := obey(t, commands[2], "REFERENCE", reference.FindStringSubmatch(sent)[1], "CODE", found[1])
		if status != http.StatusOK {
			t.Errorf("verify: %d %s", status, verified)
		}
		if status, answer := obey(t, commands[3]); status != http.StatusOK {
			t.Fatalf("fault: %d %s", status, answer)
		}
	}
}

// Who has no account is sent an SMS as soon as WhatsApp's twin has called back, long before its turn.
func TestWhatsAppOfTheSandboxCallsBack(t *testing.T) {
	t.Parallel()
	greeting := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: t.TempDir()})
	send := regexp.MustCompile(`curl .*/v1/otp/send .*`).FindString(greeting)
	status, sent := obey(t, strings.Replace(send, `"+233201234567"`, `"+2348031239908","channel":"whatsapp"`, 1))
	if status != http.StatusCreated || !strings.Contains(sent, `"provider":"inhouse"`) {
		t.Fatalf("%d %s", status, sent)
	}
	reference := regexp.MustCompile(`"reference":"(\w+)"`).FindStringSubmatch(sent)[1]
	ask, _, _ := strings.Cut(strings.Replace(send, "/v1/otp/send", "/v1/otp/status?reference="+reference, 1), " -H")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		_, told := obey(t, ask)
		var v struct {
			Deliveries []struct{ Channel, Status string }
		}
		if err := json.Unmarshal([]byte(told), &v); err != nil {
			t.Fatalf("%v: %s", err, told)
		}
		if d := v.Deliveries; len(d) == 2 && d[0].Status == "undelivered" && d[1].Channel == "sms" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no SMS was sent: %s", told)
		}
	}
}

// What carries the in-house generator's texts has twins too, each below the name of its preset.
// Who picks up hears the code: the twin of the voice vendor asks the sandbox for it.
func TestCallsOfTheSandboxAreAnswered(t *testing.T) {
	t.Parallel()
	greeting := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: t.TempDir()})
	send := regexp.MustCompile(`curl .*/v1/otp/send .*`).FindString(greeting)
	inbox := regexp.MustCompile(`curl .*/inbox.*`).FindString(greeting)
	status, sent := obey(t, strings.Replace(send, `"+233201234567"`, `"+233201234567","channel":"voice"`, 1))
	if status != http.StatusCreated || !strings.Contains(sent, `"provider":"inhouse"`) {
		t.Fatalf("%d %s", status, sent)
	}
	said := regexp.MustCompile(`(\d(?:, \d){5}) is your Demo code\..* I repeat: (\d(?:, \d){5})\.`)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		_, heard := obey(t, inbox)
		if found := said.FindStringSubmatch(heard); found != nil {
			if found[1] != found[2] {
				t.Errorf("two codes were said: %s", heard)
			}
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("nothing was heard: %s", heard)
		}
	}
}

func TestTwinsOfTransportsAreServed(t *testing.T) {
	t.Parallel()
	greeting := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: t.TempDir()})
	twins := strings.TrimSuffix(regexp.MustCompile(`http://\S+/inbox\b`).FindString(greeting), "/inbox")
	for _, name := range []string{"whatsapp", "arkesel", "termii-voice", "zend-messages", "hubtel"} {
		if status, answer := obey(t, "curl -s "+twins+"/"+name+"/faults"); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}

// The console of the sandbox shows what phones received.
func TestConsoleOfTheSandboxShowsTheInbox(t *testing.T) {
	t.Parallel()
	greeting := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: t.TempDir()})
	send := regexp.MustCompile(`curl .*/v1/otp/send .*`).FindString(greeting)
	if status, sent := obey(t, send); status != http.StatusCreated {
		t.Fatalf("%d %s", status, sent)
	}
	console := regexp.MustCompile(`console (http://\S+)`).FindStringSubmatch(greeting)[1]
	req, err := http.NewRequest(http.MethodPost, console+"/api/inbox", strings.NewReader(`{"to":"0201234567"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", console)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"to":"+233201234567"`)) {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
}

func TestSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	secret := regexp.MustCompile(`demo-key:([\w-]+)`)
	t.Run("first start", func(t *testing.T) {
		run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: folder})
	})
	before, err := os.ReadFile(filepath.Join(folder, "secrets.json"))
	if err != nil {
		t.Fatal(err)
	}
	again := run(t, sandbox.Options{Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: folder})
	if m := secret.FindStringSubmatch(again); m == nil || !bytes.Contains(before, []byte(m[1])) {
		t.Errorf("the secret changed: %v", m)
	}
	info, err := os.Stat(filepath.Join(folder, "secrets.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatKeepsASandboxFromStarting(t *testing.T) {
	t.Parallel()
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "secrets.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]sandbox.Options{
		"open to the world":   {Listen: "0.0.0.0:0", Twins: "127.0.0.1:0", Folder: t.TempDir()},
		"twins open to it":    {Listen: "127.0.0.1:0", Twins: ":0", Folder: t.TempDir()},
		"console open to it":  {Listen: "127.0.0.1:0", Console: "0.0.0.0:0", Twins: "127.0.0.1:0", Folder: t.TempDir()},
		"no address":          {Listen: "8080", Twins: "127.0.0.1:0", Folder: t.TempDir()},
		"damaged secrets":     {Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: damaged},
		"a file for a folder": {Listen: "127.0.0.1:0", Twins: "127.0.0.1:0", Folder: filepath.Join(damaged, "secrets.json")},
	} {
		o.Out, o.Log = io.Discard, io.Discard
		if err := sandbox.Run(t.Context(), o); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneTwinAlone(t *testing.T) {
	t.Parallel()
	out := new(output)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sandbox.RunTwin(ctx, "zend", "127.0.0.1:0", out) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !strings.Contains(out.String(), "inbox"); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("no twin")
		}
	}
	resp, err := http.Get(regexp.MustCompile(`http://\S+/inbox`).FindString(out.String()))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := sandbox.RunTwin(t.Context(), "fax", "127.0.0.1:0", out); err == nil || !strings.Contains(fmt.Sprint(err), "zend") {
		t.Errorf("an unknown kind: %v", err)
	}
}
