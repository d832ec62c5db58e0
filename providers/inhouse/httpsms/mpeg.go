package httpsms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// mpegFormat is sound as MPEG audio layer III (ISO/IEC 11172-3 and 13818-3) of constant bit rate: a row of frames, each
// with a header of its own. Rows of the same kind make one row.
type mpegFormat struct {
	version byte // as the header has it: 3 for MPEG-1, 2 for MPEG-2, 0 for 2.5
	mode    byte // of the channels; 3: mono
	bitrate int  // bits in a second
	rate    int  // samples in a second
}

var (
	errNoMPEG  = errors.New("is no MP3 file")
	errVBR     = errors.New("changes its bit rate or format within: encode it with one bit rate (CBR)")
	errCutMPEG = errors.New("was cut out of a longer MP3, or is cut off: encode it anew")
)

// parseMPEG takes the frames out of a file, without the tags around them and without the frame that only tells players
// how long the file is.
func parseMPEG(file []byte) (sound, error) {
	rest := withoutTags(file)
	if f, size, ok := readFrame(rest); ok && size <= len(rest) && f.describes(rest[:size]) {
		rest = rest[size:]
	}
	first, _, ok := readFrame(rest)
	switch {
	case !ok:
		return sound{}, errNoMPEG
	case first.leansBack(rest):
		return sound{}, errCutMPEG
	}
	for left := rest; len(left) > 0; {
		f, size, ok := readFrame(left)
		switch {
		case !ok || size > len(left):
			return sound{}, errCutMPEG
		case f != first:
			return sound{}, errVBR
		}
		left = left[size:]
	}
	return sound{first, rest}, nil
}

// withoutTags takes away what ID3v2 (id3.org, 2.4.0 §3.1) puts before the sound, and ID3v1 behind it.
func withoutTags(file []byte) []byte {
	const header, tail = 10, 128
	if len(file) >= header && string(file[:3]) == "ID3" {
		size := header
		for i, b := range file[6:header] { // four times seven bits
			size += int(b&0x7f) << (7 * (3 - i))
		}
		if file[5]&0x10 != 0 {
			size += header // a footer
		}
		file = file[min(size, len(file)):]
	}
	if at := len(file) - tail; at >= 0 && bytes.HasPrefix(file[at:], []byte("TAG")) {
		file = file[:at]
	}
	return file
}

// readFrame reads the header of the frame that b begins with, and tells the size of that frame in bytes.
func readFrame(b []byte) (f mpegFormat, size int, ok bool) {
	if len(b) < 4 {
		return f, 0, false
	}
	h := binary.BigEndian.Uint32(b)
	const sync, layer3 = 0x7ff, 1
	version, rate, speed := byte(h>>19&3), int(h>>10&3), int(h>>12&15)
	if h>>21 != sync || version == 1 || h>>17&3 != layer3 || rate == 3 || speed == 0 || speed == 15 {
		return f, 0, false
	}
	f = mpegFormat{version: version, mode: byte(h >> 6 & 3), rate: [...]int{44100, 48000, 32000}[rate]}
	kbits := [...]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
	switch version {
	case 3:
		kbits = [...]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	case 2:
		f.rate /= 2
	case 0:
		f.rate /= 4
	}
	f.bitrate = kbits[speed] * 1000
	return f, f.size() + int(h>>9&1), true
}

// samples are how many a frame holds.
func (f mpegFormat) samples() int {
	if f.version == 3 {
		return 1152
	}
	return 576
}

// size is that of a frame without padding, in bytes.
func (f mpegFormat) size() int { return f.samples() / 8 * f.bitrate / f.rate }

// side is the size of the side information behind the header.
func (f mpegFormat) side() int {
	switch mono := f.mode == 3; {
	case f.version == 3 && mono:
		return 17
	case f.version == 3:
		return 32
	case mono:
		return 9
	}
	return 17
}

// describes tells whether a frame holds no sound but a table for players: Xing's and LAME's stand behind the side
// information, Fraunhofer's behind 32 bytes.
func (f mpegFormat) describes(frame []byte) bool {
	at := func(place int, words ...string) bool {
		for _, word := range words {
			if len(frame) >= place && bytes.HasPrefix(frame[place:], []byte(word)) {
				return true
			}
		}
		return false
	}
	return at(4+f.side(), "Xing", "Info") || at(4+32, "VBRI")
}

// leansBack tells whether the first frame takes bits from a frame before it, as one in the middle of a file does.
func (f mpegFormat) leansBack(b []byte) bool {
	at := 4
	if b[1]&1 == 0 {
		at += 2 // a checksum
	}
	if len(b) < at+2 {
		return true
	}
	if f.version == 3 {
		return binary.BigEndian.Uint16(b[at:])>>7 != 0
	}
	return b[at] != 0
}

// silence implements [coding]: frames whose side information says that they hold nothing.
func (f mpegFormat) silence(d time.Duration) []byte {
	frame := make([]byte, f.size())
	binary.BigEndian.PutUint32(frame, f.header())
	return bytes.Repeat(frame, int(d.Seconds()*float64(f.rate))/f.samples())
}

// header is that of a frame without checksum and padding.
func (f mpegFormat) header() uint32 {
	const sync, layer3, unchecked = 0x7ff << 21, 1 << 17, 1 << 16
	for fields := range uint32(64) {
		h := sync | uint32(f.version)<<19 | layer3 | unchecked | fields>>2<<12 | fields&3<<10 | uint32(f.mode)<<6
		if g, _, ok := readFrame(binary.BigEndian.AppendUint32(nil, h)); ok && g == f {
			return h
		}
	}
	return 0 // no format that was read
}

// file implements [coding].
func (f mpegFormat) file(data []byte) []byte { return data }

// String implements [coding].
func (f mpegFormat) String() string {
	channels := "stereo"
	if f.mode == 3 {
		channels = "mono"
	}
	return fmt.Sprintf("MP3, %d Hz, %d kbit/s, %s", f.rate, f.bitrate/1000, channels)
}
