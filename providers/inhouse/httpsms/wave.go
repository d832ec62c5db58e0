package httpsms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// waveFormat is uncompressed sound in a file of RIFF/WAVE (Microsoft and IBM, "Multimedia Programming Interface and
// Data Specifications 1.0", 1991).
type waveFormat struct {
	channels, bits uint16
	rate           uint32 // samples in a second
}

const waveHeader = 44

var (
	errNoWave  = errors.New("is no WAV file")
	errNotPCM  = errors.New("is no PCM of 8 or 16 bits, mono or stereo, at 8 to 48 kHz: save it so")
	errCutWave = errors.New("is cut off, or was never finished: save it anew")
	errSilent  = errors.New("holds no sound")
)

// parseWave takes the sound out of a file.
func parseWave(file []byte) (sound, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return sound{}, errNoWave
	}
	var f waveFormat
	for rest := file[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), binary.LittleEndian.Uint32(rest[4:])
		if uint64(size) > uint64(len(rest)-8) {
			return sound{}, errCutWave
		}
		chunk := rest[8 : 8+size]
		switch name {
		case "fmt ":
			var ok bool
			if f, ok = readWaveFormat(chunk); !ok {
				return sound{}, errNotPCM
			}
		case "data":
			whole := len(chunk) - len(chunk)%max(1, f.block())
			switch {
			case f == waveFormat{}:
				return sound{}, errNoWave
			case whole == 0:
				return sound{}, errSilent
			}
			return sound{f, chunk[:whole]}, nil
		}
		rest = rest[min(len(rest), 8+int(size)+int(size)%2):] // chunks begin at even places
	}
	return sound{}, errNoWave
}

func readWaveFormat(chunk []byte) (f waveFormat, ok bool) {
	const pcm = 1
	if len(chunk) < 16 || binary.LittleEndian.Uint16(chunk) != pcm {
		return f, false
	}
	f = waveFormat{
		channels: binary.LittleEndian.Uint16(chunk[2:]), bits: binary.LittleEndian.Uint16(chunk[14:]),
		rate: binary.LittleEndian.Uint32(chunk[4:]),
	}
	ok = (f.channels == 1 || f.channels == 2) && (f.bits == 8 || f.bits == 16) && f.rate >= 8000 && f.rate <= 48000
	return f, ok
}

// block is the size of one sample of all channels, in bytes.
func (f waveFormat) block() int { return int(f.channels) * int(f.bits) / 8 }

// silence implements [coding]. Eight bits are unsigned: their middle is 128.
func (f waveFormat) silence(d time.Duration) []byte {
	data := make([]byte, int(d.Seconds()*float64(f.rate))*f.block())
	if f.bits == 8 {
		return bytes.Repeat([]byte{0x80}, len(data))
	}
	return data
}

// file implements [coding].
func (f waveFormat) file(data []byte) []byte {
	b := make([]byte, 0, waveHeader+len(data)+1)
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, uint32(waveHeader-8+len(data)+len(data)%2))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, f.channels)
	b = le.AppendUint32(b, f.rate)
	b = le.AppendUint32(b, f.rate*uint32(f.block()))
	b = le.AppendUint16(b, uint16(f.block()))
	b = le.AppendUint16(b, f.bits)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	return append(b, make([]byte, len(data)%2)...)
}

// String implements [coding].
func (f waveFormat) String() string {
	return fmt.Sprintf("WAV, %d Hz, %d bits, %d channel(s)", f.rate, f.bits, f.channels)
}
