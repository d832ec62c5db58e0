package sqlite

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/gateway/otp"
)

// What cursors begin with: the list that they are of, and the version of their form.
const (
	listCursor  = "l1."
	eventCursor = "e1."
)

// maxCursor is longer than any cursor that was ever handed out.
const maxCursor = 64

func newCursor(kind, at string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + at))
}

// readCursor refuses what newCursor has not made of the same kind.
func readCursor(kind, cursor string) (string, error) {
	if len(cursor) > maxCursor {
		return "", badCursor()
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	at, ok := strings.CutPrefix(string(text), kind)
	if err != nil || !ok || newCursor(kind, at) != cursor { // the decoder passes over the ends of lines
		return "", badCursor()
	}
	return at, nil
}

// referenceLength is how long a reference is.
const referenceLength = 26

// afterReference reads where a page of verifications ended, which is a reference or the beginning of all that are in a
// slice; empty: nowhere yet.
func afterReference(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	at, err := readCursor(listCursor, cursor)
	if err != nil {
		return "", err
	}
	first := at
	if len(at) == sliceLength {
		first += strings.Repeat("0", referenceLength-sliceLength)
	}
	if _, err := otp.ParseReference(first); err != nil {
		return "", badCursor()
	}
	return at, nil
}

// afterEvent reads where a page of events ended; 0: nowhere yet.
func afterEvent(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	at, err := readCursor(eventCursor, cursor)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != at {
		return 0, badCursor()
	}
	return id, nil
}

func badCursor() error {
	return &otp.Error{
		Code: otp.InvalidRequest, Detail: "the request has mistakes; errors names each field and what would be right",
		Fields: []otp.Field{{
			Field:   "cursor",
			Message: "this is no cursor of this list; take next_cursor of the page before as it is, or leave it out to begin",
		}},
	}
}
