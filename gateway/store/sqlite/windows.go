package sqlite

import (
	"database/sql/driver"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// windows reads the memory of each claim. Claims with the same key share one.
func (t tx) windows(claims []otp.Claim) ([]*otp.Window, error) {
	windows := make([]*otp.Window, len(claims))
	for i, c := range claims {
		var err error
		if windows[i] = shared(claims[:i], windows, c.Key); windows[i] == nil {
			windows[i], err = t.window(c.Key)
		}
		if err != nil {
			return nil, err
		}
	}
	return windows, nil
}

func shared(claims []otp.Claim, windows []*otp.Window, key string) *otp.Window {
	for i, c := range claims {
		if c.Key == key {
			return windows[i]
		}
	}
	return nil
}

func (t tx) window(key string) (*otp.Window, error) {
	if counts, ok := t.hot.windows.Get(key); ok {
		w := new(otp.Window)
		return w, w.UnmarshalBinary(counts)
	}
	return readWindow(t.conn, key)
}

// readWindow reads the memory of one claim from the file.
func readWindow(c *conn, key string) (*otp.Window, error) {
	w := new(otp.Window)
	var row [1]driver.Value
	if _, err := c.row(row[:], selectWindow, key); err != nil {
		return nil, err
	}
	counts, _ := row[0].([]byte)
	return w, w.UnmarshalBinary(counts)
}

// saveWindows writes windows in which an event was counted at now.
func (t tx) saveWindows(claims []otp.Claim, windows []*otp.Window, now time.Time) error {
	for i, c := range claims {
		counts, err := windows[i].MarshalBinary()
		if err != nil {
			return err
		}
		if _, err := t.exec(saveWindow, c.Key, counts, windowEnd(c.Limit, now)); err != nil {
			return err
		}
		t.hot.windows.Add(c.Key, counts)
	}
	return nil
}

// windowEnd is when an event that is counted at now is forgotten for certain. A window forgets by slots of a 64th of
// its length; a tenth is a margin that need not know how many there are.
func windowEnd(l otp.Limit, now time.Time) int64 {
	return now.Add(l.Window + l.Window/10).UnixMilli()
}

// failures reads the memory of the wrong guesses of one person; nil when they are not limited.
func (t tx) failures(to providers.Recipient, l *otp.Limit) (*otp.Window, error) {
	if l == nil {
		return nil, nil
	}
	return t.window(otp.FailureClaim(to, *l).Key)
}

func (t tx) saveFailures(to providers.Recipient, l *otp.Limit, w *otp.Window, now time.Time) error {
	if l == nil {
		return nil
	}
	return t.saveWindows([]otp.Claim{otp.FailureClaim(to, *l)}, []*otp.Window{w}, now)
}
