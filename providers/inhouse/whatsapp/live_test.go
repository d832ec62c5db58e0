package whatsapp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
)

// TestLive sends one message from a real account. Whether it arrived is for the owner of the phone to say.
func TestLive(t *testing.T) {
	t.Parallel()
	const prefix = "OTPGATE_LIVE_WHATSAPP_"
	env := map[string]string{}
	for _, name := range []string{"PHONE_NUMBER_ID", "TOKEN", "TEMPLATE", "LANGUAGE", "TO"} {
		if env[name] = os.Getenv(prefix + name); env[name] == "" {
			t.Skipf("needs a real account: %s%s is not set", prefix, name)
		}
	}
	o := whatsapp.Kind().Options().(*whatsapp.Options)
	o.PhoneNumberID, o.Token = env["PHONE_NUMBER_ID"], secret(env["TOKEN"])
	o.Template, o.Language = env["TEMPLATE"], env["LANGUAGE"]
	tr, err := o.Build(providers.Environment{Name: "live", Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	m := message(1)
	m.To = providers.NewPhone(env["TO"], "", "")
	receipt, err := tr.Deliver(t.Context(), m)
	if err != nil || !strings.HasPrefix(receipt.ID, "wamid.") {
		t.Fatalf("receipt %q, error %v", receipt.ID, err)
	}
}
