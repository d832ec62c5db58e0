package httpsmstwin

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
)

// Recordings of a twin are tones that only a twin tells apart: samples of one height for each digit.
const (
	toneRate   = 8000
	toneLength = 800  // samples
	toneHeight = 1000 // of a one; of a zero ten times that
	waveHead   = 44
)

// Record writes recordings in a language below a folder, as the transport wants them.
func Record(folder, language string) error {
	at := filepath.Join(folder, language)
	if err := os.MkdirAll(at, 0o750); err != nil {
		return err
	}
	for digit := range 10 {
		height := toneHeight * digit
		if digit == 0 {
			height = toneHeight * 10
		}
		if err := os.WriteFile(filepath.Join(at, strconv.Itoa(digit)+".wav"), tone(height), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(at, "intro.wav"), tone(-toneHeight), 0o600)
}

// tone is a WAV file of 16 bits, mono.
func tone(height int) []byte {
	const size = toneLength * 2
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, waveHead-8+size)...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(le.AppendUint32(b, toneRate), toneRate*2)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = le.AppendUint32(b, size)
	for range toneLength {
		b = le.AppendUint16(b, uint16(int16(height)))
	}
	return b
}

// Listen writes down the code that is said twice in a file which was put together of what [Record] writes; else all
// digits that are heard.
func Listen(file []byte) string {
	var heard []byte
	last := int16(0)
	for at := waveHead; at+2 <= len(file); at += 2 {
		height := int16(binary.LittleEndian.Uint16(file[at:]))
		if height != last && height > 0 {
			heard = append(heard, byte('0'+int(height)/toneHeight%10))
		}
		last = height
	}
	code, again := string(heard[:len(heard)/2]), string(heard[len(heard)/2:])
	if code != again {
		return code + again
	}
	return code
}
