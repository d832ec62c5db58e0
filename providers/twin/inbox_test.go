package twin_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

func texts(messages []twin.Message) string {
	s := ""
	for _, m := range messages {
		s += m.Text
	}
	return s
}

func TestInboxShowsNewestFirst(t *testing.T) {
	t.Parallel()
	var inbox twin.Inbox
	ama := providers.NewPhone("+233201234567", "GH", "0201234567")
	mail := providers.NewEmail("Ama@example.com")
	inbox.Receive(providers.SMS, ama, "Shop", "1")
	inbox.Receive(providers.WhatsApp, ama, "Shop", "2")
	inbox.Receive(providers.Email, mail, "shop@example.com", "3")
	tests := map[string]struct {
		to      string
		channel providers.Channel
		want    string
	}{
		"everything":             {"", "", "321"},
		"one number":             {"+233201234567", "", "21"},
		"one number, plus lost":  {" 233201234567", "", "21"},
		"one number, local":      {"0201234567", "", "21"},
		"one number, one way":    {"233201234567", providers.SMS, "1"},
		"one channel":            {"", providers.WhatsApp, "2"},
		"one address":            {"ama@EXAMPLE.com", "", "3"},
		"another number":         {"+233201234568", "", ""},
		"another address":        {"kofi@example.com", "", ""},
		"a channel without mail": {"", providers.Voice, ""},
	}
	for name, test := range tests {
		if got := texts(inbox.Messages(test.to, test.channel)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	m := inbox.Messages("", providers.SMS)[0]
	if m.To != "+233201234567" || m.From != "Shop" || m.Twin != "console" || time.Since(m.At) > time.Minute {
		t.Errorf("got %+v", m)
	}
	inbox.Clear()
	if got := inbox.Messages("", ""); got == nil || len(got) != 0 {
		t.Errorf("after a clear there is %v", got)
	}
}

func TestInboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var inbox twin.Inbox
	to := providers.NewPhone("+233201234567", "GH", "0201234567")
	for n := range 20_000 {
		inbox.Receive(providers.SMS, to, "", fmt.Sprint(n))
	}
	left := inbox.Messages("", "")
	if len(left) != 10_000 || left[0].Text != "19999" {
		t.Errorf("%d are left, newest %s", len(left), left[0].Text)
	}
}

func TestInboxTakesManyAtOnce(t *testing.T) {
	t.Parallel()
	var inbox twin.Inbox
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			to := providers.NewPhone(fmt.Sprintf("+23320123456%d", n), "GH", "")
			for range 50 {
				inbox.Receive(providers.SMS, to, "", "x")
				inbox.Messages(to.Address(), "")
			}
		})
	}
	all.Wait()
	if n := len(inbox.Messages("", "")); n != 400 {
		t.Errorf("%d of 400 are there", n)
	}
}

func TestMagicNumbers(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range twin.MagicNumbers() {
		if len(m.Tail) != 4 || seen[m.Tail] || m.What == "" {
			t.Errorf("bad row %+v", m)
		}
		seen[m.Tail] = true
		for _, to := range []string{"+23320123" + m.Tail, "020123" + m.Tail, "ama" + m.Tail + "@example.com"} {
			if got := twin.TraitOf(to); got != m.Trait {
				t.Errorf("%s is %q, want %q", to, got, m.Trait)
			}
		}
	}
	for _, to := range []string{"+233201234567", "", "ama@example9901.com", "9901x@example.com"} {
		if got := twin.TraitOf(to); got != twin.Ordinary {
			t.Errorf("%s is %q", to, got)
		}
	}
}
