package httpsms

import "time"

// sound is a recording without what a file wraps around it.
type sound struct {
	coding coding
	data   []byte
}

// coding is how a sound is written. Two sounds whose codings are equal make one sound when one is put behind the other.
type coding interface {
	// silence is a sound in which nothing is heard, for about so long.
	silence(d time.Duration) []byte
	// file makes a file of a sound.
	file(data []byte) []byte
	// String tells people what the coding is.
	String() string
}
