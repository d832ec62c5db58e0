package smpp_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// oracle is an SMSC that others have written: the npm package smpp, in a process of its own.
type oracle struct {
	address string
	events  chan event
	passed  []event // read in search of others
}

// event is something that the oracle tells.
type event struct {
	Event      string  `json:"event"`
	Port       int     `json:"port"`
	Version    int     `json:"version"`
	Type       string  `json:"type"`
	Known      bool    `json:"known"`
	Status     int     `json:"status"`
	Text       string  `json:"text"`
	Source     [3]any  `json:"source"` // type of number, numbering plan, address
	Dest       [3]any  `json:"dest"`
	Coding     int     `json:"coding"`
	UDH        [][]int `json:"udh"`
	Payload    bool    `json:"payload"`
	Registered int     `json:"registered"`
	Validity   int     `json:"validity"` // seconds
}

// TestOracle shows that an SMSC which was not written here understands all that we say, and we what it says.
func TestOracle(t *testing.T) {
	t.Parallel()
	modules := installOracle(t)
	for name, judge := range map[string]func(*testing.T, *oracle){
		"texts, receipts and leave": judgeTexts,
		"payloads and enquiries":    judgePayloads,
		"a refused account":         judgeAccount,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge(t, startOracle(t, modules))
		})
	}
}

// installOracle installs the package into a folder of the test, and returns where its modules are.
func installOracle(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "smpp@0.5.1")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		t.Skip("npm cannot install smpp@0.5.1: ", err)
	}
	return filepath.Join(folder, "node_modules")
}

// startOracle starts the script, which ends when its input does.
func startOracle(t *testing.T, modules string) *oracle {
	t.Helper()
	node := exec.Command("node", filepath.Join("testdata", "smsc.js"))
	node.Env = append(os.Environ(), "NODE_PATH="+modules, "SMSC_SYSTEM="+testSystem, "SMSC_PASSWORD="+testPassword)
	node.Stderr = os.Stderr
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	o := &oracle{events: make(chan event, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		o.read(t, out)
	}()
	t.Cleanup(func() {
		_ = in.Close()
		<-read
		if err := node.Wait(); err != nil {
			t.Error(err)
		}
	})
	o.address = "127.0.0.1:" + strconv.Itoa(o.next(t, "listening").Port)
	return o
}

func (o *oracle) read(t *testing.T, out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		o.events <- e
	}
}

// next returns the first event of a name that it has not returned before.
func (o *oracle) next(t *testing.T, name string) event {
	t.Helper()
	if at := slices.IndexFunc(o.passed, func(e event) bool { return e.Event == name }); at >= 0 {
		found := o.passed[at]
		o.passed = slices.Delete(o.passed, at, at+1)
		return found
	}
	timeout := time.After(patience)
	for {
		select {
		case e := <-o.events:
			if e.Event == "error" {
				t.Fatalf("the SMSC cannot read us: %s", e.Text)
			}
			if e.Event == name {
				return e
			}
			o.passed = append(o.passed, e)
		case <-timeout:
			t.Fatalf("no %s in %v", name, patience)
		}
	}
}

func (o *oracle) build(t *testing.T, change func(*smpp.Options)) (transport.Transport, <-chan transport.Report) {
	t.Helper()
	tr, err := options(t, o.address, change).Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, tr) })
	heard := make(chan transport.Report, 10)
	if reporter, ok := tr.(transport.Reporter); ok {
		reporter.OnReport(func(r transport.Report) { heard <- r })
	}
	return tr, heard
}

// expect waits for one report, which must be want.
func expect(t *testing.T, heard <-chan transport.Report, want transport.Report) {
	t.Helper()
	select {
	case got := <-heard:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	case <-time.After(patience):
		t.Errorf("no report in %v", patience)
	}
}

func judgeTexts(t *testing.T, o *oracle) {
	const plain = "739100 @£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€"
	const beyond = "739100 你的验证码 😀 رمزك ç"
	long := "739100 " + strings.Repeat("0123456789", 15) + "€€€" + strings.Repeat("abcdefghij", 15)
	tr, heard := o.build(t, func(c *smpp.Options) { c.SystemType = "OTP" })
	send := func(n int, text string) string {
		m := message(n, text)
		m.Expiry = 5 * time.Minute
		receipt, err := tr.Deliver(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return receipt.ID
	}
	report := func(id string, state providers.DeliveryState, code string) transport.Report {
		return transport.Report{Reference: reference, ID: id, State: state, Code: code}
	}

	id := send(1, plain)
	if bind := o.next(t, "bind_transceiver"); !bind.Known || bind.Version != 0x34 || bind.Type != "OTP" {
		t.Errorf("the bind is %+v", bind)
	}
	got := o.next(t, "submit_sm")
	if got.Validity < 295 || got.Validity > 300 {
		t.Errorf("the message is valid for %d seconds, want 300", got.Validity)
	}
	if diff := cmp.Diff(event{
		Event: "submit_sm", Text: plain, Source: [3]any{5.0, 0.0, "Shop"}, Dest: [3]any{1.0, 1.0, "233201230001"},
		Registered: 1, Validity: got.Validity, UDH: [][]int{},
	}, got); diff != "" {
		t.Error(diff)
	}
	expect(t, heard, report(id, providers.DeliveryDelivered, "DELIVRD 000"))
	for _, answer := range []string{"enquire_link_resp", "deliver_sm_resp"} {
		if got := o.next(t, answer); got.Status != 0 {
			t.Errorf("we answered with %+v", got)
		}
	}

	id = send(2, beyond)
	if got := o.next(t, "submit_sm"); got.Text != beyond || got.Coding != 8 {
		t.Errorf("got %+v", got)
	}
	expect(t, heard, report(id, providers.DeliveryUndelivered, ""))

	id = send(3, long)
	var whole string
	for n := range 3 {
		part := o.next(t, "submit_sm")
		if len(part.UDH) != 1 || len(part.UDH[0]) != 5 || !cmp.Equal(part.UDH[0][3:], []int{3, n + 1}) {
			t.Errorf("part %d has the header %v", n+1, part.UDH)
		}
		whole += part.Text
	}
	if whole != long {
		t.Errorf("got %q, want %q", whole, long)
	}
	expect(t, heard, report(id, providers.DeliveryDelivered, "DELIVRD 000"))

	if class, code := refusal(t, deliver(t, tr, 404)); class != providers.Rejected || code != "0x0b ESME_RINVDSTADR" {
		t.Errorf("nobody's number: got %v %q", class, code)
	}
	shut(t, tr)
	o.next(t, "unbind")
	o.next(t, "close")
}

func judgePayloads(t *testing.T, o *oracle) {
	tr, _ := o.build(t, func(c *smpp.Options) {
		c.LongMessages, c.EnquireEvery, c.Validity = "payload", 10*time.Millisecond, false
	})
	long := "739100 " + strings.Repeat("你的验证码", 50)
	if _, err := tr.Deliver(t.Context(), message(3, long)); err != nil {
		t.Fatal(err)
	}
	if got := o.next(t, "submit_sm"); got.Text != long || !got.Payload || got.Validity != 0 {
		t.Errorf("got %+v", got)
	}
	o.next(t, "enquire_link")
	o.next(t, "enquire_link")
}

func judgeAccount(t *testing.T, o *oracle) {
	tr, _ := o.build(t, func(c *smpp.Options) { c.Password = providers.NewSecret("wrong") })
	if class, code := refusal(t, deliver(t, tr, 1)); class != providers.Credentials || code != "0x0e ESME_RINVPASWD" {
		t.Errorf("got %v %q", class, code)
	}
}
