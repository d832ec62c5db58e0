package apps_test

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

func TestAllows(t *testing.T) {
	t.Parallel()
	some := apps.App{Channels: []providers.Channel{providers.SMS, providers.Email}}
	for _, channel := range providers.Channels() {
		listed := channel == providers.SMS || channel == providers.Email
		if some.Allows(channel) != listed {
			t.Errorf("an app with a list: %s: %v", channel, !listed)
		}
		if !(&apps.App{}).Allows(channel) {
			t.Errorf("an app without a list may not use %s", channel)
		}
	}
}
