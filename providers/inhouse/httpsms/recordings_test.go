package httpsms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wave is a WAV file of a format with this sound, and a chunk before it that means nothing to us.
func wave(f waveFormat, data string) []byte {
	file := f.file([]byte(data))
	return []byte(string(file[:36]) + "LIST\x03\x00\x00\x00abc\x00" + string(file[36:]))
}

// mp3 is a row of frames of a format, each of which is filled with a letter.
func mp3(f mpegFormat, letters string) []byte {
	var b []byte
	for _, letter := range []byte(letters) {
		frame := append(binary.BigEndian.AppendUint32(nil, f.header()), 0, 0, 0, 0)
		b = append(b, frame...)
		b = append(b, bytes.Repeat([]byte{letter}, f.size()-len(frame))...)
	}
	return b
}

var (
	phone  = waveFormat{channels: 1, bits: 8, rate: 8000}
	disc   = waveFormat{channels: 2, bits: 16, rate: 44100}
	talk   = mpegFormat{version: 2, mode: 3, bitrate: 32000, rate: 22050}
	stereo = mpegFormat{version: 3, mode: 1, bitrate: 128000, rate: 44100}
	slow   = mpegFormat{version: 0, mode: 0, bitrate: 16000, rate: 8000}
)

func TestWaves(t *testing.T) {
	t.Parallel()
	good, other := wave(phone, "abc"), func(at int, b ...byte) []byte {
		file := phone.file([]byte("abcd"))
		copy(file[at:], b)
		return file
	}
	for name, test := range map[string]struct {
		file []byte
		want sound
		err  error
	}{
		"8 bits":              {good, sound{phone, []byte("abc")}, nil},
		"16 bits, stereo":     {wave(disc, "abcdefgh"), sound{disc, []byte("abcdefgh")}, nil},
		"half a sample":       {wave(disc, "abcdef"), sound{disc, []byte("abcd")}, nil},
		"nothing":             {nil, sound{}, errNoWave},
		"another file":        {[]byte("ID3\x04 this is no RIFF"), sound{}, errNoWave},
		"a film":              {[]byte("RIFF\x04\x00\x00\x00AVI "), sound{}, errNoWave},
		"a head alone":        {good[:12], sound{}, errNoWave},
		"no sound in it":      {wave(phone, ""), sound{}, errSilent},
		"sound before format": {[]byte("RIFF\x00\x00\x00\x00WAVEdata\x01\x00\x00\x00a\x00"), sound{}, errNoWave},
		"cut off":             {good[:len(good)-2], sound{}, errCutWave},
		"never finished":      {other(40, 0xff, 0xff, 0xff, 0xff), sound{}, errCutWave},
		"compressed":          {other(20, 7), sound{}, errNotPCM},
		"three channels":      {other(22, 3), sound{}, errNotPCM},
		"24 bits":             {other(34, 24), sound{}, errNotPCM},
		"no rate":             {other(24, 0, 0), sound{}, errNotPCM},
	} {
		got, err := parseWave(test.file)
		if !errors.Is(err, test.err) || got.coding != test.want.coding || !bytes.Equal(got.data, test.want.data) {
			t.Errorf("%s: %v %q %v", name, got.coding, got.data, err)
		}
	}
}

func TestMPEG(t *testing.T) {
	t.Parallel()
	good := mp3(talk, "abc")
	tagged := append(append([]byte("ID3\x04\x00\x10\x00\x00\x01\x00"), make([]byte, 128+10)...), good...)
	tagged = append(tagged, append([]byte("TAG"), make([]byte, 125)...)...)
	titled := func(f mpegFormat, at int, word string) []byte {
		title := mp3(f, "z")
		copy(title[at:], word)
		return append(title, mp3(f, "abc")...)
	}
	leaning := mp3(talk, "abc")
	leaning[4] = 1
	checked := mp3(stereo, "ab")
	checked[1] &^= 1
	for name, test := range map[string]struct {
		file []byte
		want sound
		err  error
	}{
		"mono":                  {good, sound{talk, good}, nil},
		"stereo":                {mp3(stereo, "ab"), sound{stereo, mp3(stereo, "ab")}, nil},
		"slow":                  {mp3(slow, "ab"), sound{slow, mp3(slow, "ab")}, nil},
		"with a checksum":       {checked, sound{stereo, checked}, nil},
		"with tags":             {tagged, sound{talk, good}, nil},
		"LAME's table":          {titled(talk, 13, "Info"), sound{talk, good}, nil},
		"a table in stereo":     {titled(stereo, 36, "Xing"), sound{stereo, mp3(stereo, "abc")}, nil},
		"Fraunhofer's":          {titled(slow, 36, "VBRI"), sound{slow, mp3(slow, "abc")}, nil},
		"nothing":               {nil, sound{}, errNoMPEG},
		"another file":          {wave(phone, "abc"), sound{}, errNoMPEG},
		"a tag alone":           {tagged[:100], sound{}, errNoMPEG},
		"a table alone":         {titled(talk, 13, "Info")[:talk.size()], sound{}, errNoMPEG},
		"of variable rate":      {append(mp3(talk, "a"), mp3(mpegFormat{2, 3, 40000, 22050}, "b")...), sound{}, errVBR},
		"of two kinds":          {append(mp3(talk, "a"), mp3(stereo, "b")...), sound{}, errVBR},
		"cut off":               {good[:len(good)-1], sound{}, errCutMPEG},
		"cut out":               {leaning, sound{}, errCutMPEG},
		"a head alone":          {good[:4], sound{}, errCutMPEG},
		"with something behind": {append(mp3(talk, "a"), "APETAGEX"...), sound{}, errCutMPEG},
	} {
		got, err := parseMPEG(test.file)
		if !errors.Is(err, test.err) || got.coding != test.want.coding || !bytes.Equal(got.data, test.want.data) {
			t.Errorf("%s: %v, %d bytes, %v", name, got.coding, len(got.data), err)
		}
	}
}

// Silence is as long as it was asked for, and itself a sound of the same kind.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		coding coding
		parse  func([]byte) (sound, error)
		want   int
	}{
		{phone, parseWave, 2400}, {disc, parseWave, 13230 * 4},
		{talk, parseMPEG, 11 * talk.size()}, {stereo, parseMPEG, 11 * stereo.size()}, {slow, parseMPEG, 4 * slow.size()},
	} {
		quiet := test.coding.silence(300 * time.Millisecond)
		s, err := test.parse(test.coding.file(quiet))
		if err != nil || s.coding != test.coding || !bytes.Equal(s.data, quiet) || len(quiet) != test.want {
			t.Errorf("%v: %d bytes, %v", test.coding, len(quiet), err)
		}
	}
}

// record writes recordings in a folder, as letters: a for 0, b for 1.
func record(t *testing.T, folder, ending string, names string, make func(letter string) []byte) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(names) {
		letter := name[:1]
		if digit, err := strconv.Atoi(name); err == nil {
			letter = string(rune('A' + digit))
		}
		if err := os.WriteFile(filepath.Join(folder, name+"."+ending), make(letter), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const allDigits = "0 1 2 3 4 5 6 7 8 9"

func inWave(letter string) []byte { return wave(phone, letter) }

func TestACodeIsPutTogether(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	record(t, filepath.Join(folder, "en"), "wav", allDigits+" intro again", inWave)
	record(t, filepath.Join(folder, "fr"), "mp3", allDigits, func(letter string) []byte { return mp3(talk, letter) })
	record(t, filepath.Join(folder, "..data"), "wav", "0", inWave) // as Kubernetes keeps what it swaps
	record(t, folder, "txt", "about", inWave)
	all := readRecordings(folder, func(text string) { t.Error(text) })
	for locale, want := range map[string]string{"en-GH": "i.BAH-aBAH", "fr_CI": ".BAH-BAH", "sw": "i.BAH-aBAH", "": "i.BAH-aBAH"} {
		tongue := all.in(locale)
		file := tongue.say("107")
		parse := parseWave
		if tongue.ending == "mp3" {
			parse = parseMPEG
		}
		s, err := parse(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := written(s); got != want {
			t.Errorf("%s: %s, want %s", locale, got, want)
		}
	}
	delete(all, "en")
	if all.in("sw").ending != "mp3" {
		t.Error("without English, the first language is not taken")
	}
	if a, b := all.in("fr").mediaType(), (tongue{ending: "wav"}).mediaType(); a != "audio/mpeg" || b != "audio/wav" {
		t.Error(a, b)
	}
}

// written is a sound as letters: pauses behind digits are left out, "." is the one before the code and "-" the long one.
func written(s sound) string {
	var b strings.Builder
	step, short := 1, len(s.coding.silence(betweenDigits))
	if f, ok := s.coding.(mpegFormat); ok {
		step = f.size()
	}
	letter := func(at int) byte { return s.data[at+step-1] }
	for at := 0; at < len(s.data); at += step {
		if c := letter(at); c >= 'A' {
			if c < 'z' && c != 0x80 {
				b.WriteByte(c)
				continue
			}
		}
		run := at
		for run < len(s.data) && (letter(run) == 0 || letter(run) == 0x80) {
			run += step
		}
		switch quiet := run - at; {
		case b.Len() == 0 || b.String() == "i":
			b.WriteByte('.')
		case quiet > short:
			b.WriteByte('-')
		}
		at = run - step
	}
	return b.String()
}

func TestRecordingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make func(t *testing.T, folder string)
		want []string
	}{
		"nothing":        {func(*testing.T, string) {}, []string{"holds no language: make a folder such as en"}},
		"no such folder": {func(t *testing.T, folder string) { _ = os.Remove(folder) }, []string{"is a folder that cannot be read: no such file"}},
		"a name of nobody": {
			func(t *testing.T, folder string) { record(t, filepath.Join(folder, "en-GH"), "wav", allDigits, inWave) },
			[]string{`has a folder that is named for no language: "en-GH"`, "holds no language"},
		},
		"some are missing": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "wav", "0 1 2 4 5 6 8 9", inWave)
			},
			[]string{"en: missing: 3.wav, 7.wav"},
		},
		"all are missing": {
			func(t *testing.T, folder string) { record(t, filepath.Join(folder, "en"), "wav", "intro", inWave) },
			[]string{"en: missing: 0.wav, 1.wav, 2.wav, 3.wav, 4.wav, 5.wav, 6.wav, 7.wav, 8.wav, 9.wav"},
		},
		"one differs": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "wav", allDigits, inWave)
				record(t, filepath.Join(folder, "en"), "wav", "4", func(s string) []byte { return wave(disc, s+s+s+s) })
			},
			[]string{"en: 4.wav is WAV, 44100 Hz, 16 bits, 2 channel(s), and 0.wav is WAV, 8000 Hz, 8 bits, 1 channel(s): save all"},
		},
		"one MP3 differs": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "mp3", allDigits, func(s string) []byte { return mp3(talk, s) })
				record(t, filepath.Join(folder, "en"), "mp3", "again", func(s string) []byte { return mp3(stereo, s) })
			},
			[]string{"en: again.mp3 is MP3, 44100 Hz, 128 kbit/s, stereo, and 0.mp3 is MP3, 22050 Hz, 32 kbit/s, mono: save all"},
		},
		"damaged": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "wav", allDigits, inWave)
				record(t, filepath.Join(folder, "en"), "wav", "4 intro", func(string) []byte { return []byte("RIFF") })
			},
			[]string{"en: 4.wav is no WAV file", "en: intro.wav is no WAV file"},
		},
		"large": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "wav", allDigits, inWave)
				record(t, filepath.Join(folder, "en"), "wav", "9", func(string) []byte { return make([]byte, maxRecording+1) })
			},
			[]string{"en: 9.wav is larger than 1 MiB"},
		},
		"large together": {
			func(t *testing.T, folder string) {
				record(t, filepath.Join(folder, "en"), "wav", allDigits, func(s string) []byte { return wave(disc, strings.Repeat(s, 1<<19)) })
			},
			[]string{"en: a code of 10 digits would be a file of 11 MiB, and 8 are the most: record at 8 kHz, mono"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "recordings")
			if err := os.Mkdir(folder, 0o750); err != nil {
				t.Fatal(err)
			}
			test.make(t, folder)
			var said []string
			readRecordings(folder, func(text string) { said = append(said, text) })
			short := make([]string, len(said))
			for i := range said {
				short[i] = said[i]
				if i < len(test.want) && strings.HasPrefix(said[i], test.want[i]) {
					short[i] = test.want[i]
				}
			}
			if diff := cmp.Diff(test.want, short); diff != "" {
				t.Error(diff)
			}
		})
	}
	said := ""
	readRecordings("testdata", func(text string) { said += text })
	if said != "is a folder that cannot be read: write its whole path, such as /etc/otpgate/recordings" {
		t.Errorf("a path from here: %s", said)
	}
}

// FuzzRecording: whatever a file holds, it is refused or makes a file from which the same sound can be read.
func FuzzRecording(f *testing.F) {
	for _, file := range [][]byte{
		wave(phone, "abc"), wave(disc, "abcdefgh"), mp3(talk, "ab"), mp3(stereo, "a"), mp3(slow, "a"), []byte("ID3"), []byte("RIFF"), nil,
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, parse := range []func([]byte) (sound, error){parseWave, parseMPEG} {
			s, err := parse(file)
			if err != nil {
				if s.coding != nil || s.data != nil {
					t.Errorf("%v and a sound", err)
				}
				continue
			}
			one := tongue{intro: s, again: s}
			for digit := range one.digits {
				one.digits[digit] = s
			}
			again, err := parse(one.say("01"))
			if err != nil || again.coding != s.coding || !bytes.HasPrefix(again.data, s.data) || len(again.data) < 6*len(s.data) {
				t.Errorf("put together: %v, %v, %d of %d bytes", err, again.coding, len(again.data), len(s.data))
			}
		}
	})
}
