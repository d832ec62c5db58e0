package httpsms

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers/inhouse/spoken"
)

// recordings are what spoken codes are put together from, by language.
type recordings map[string]tongue

// tongue is what is recorded in one language.
type tongue struct {
	ending       string // of the files: "wav" or "mp3"
	digits       [10]sound
	intro, again sound // before the code, and before it is said once more; without data: nothing
}

// Bounds of recordings, in bytes: of one, and of the longest that is put together.
const (
	maxRecording = 1 << 20
	maxSpoken    = 8 << 20
)

const longestCode = 10 // digits

// The pauses of a code that is read out: behind each digit, and before it is said once more.
const (
	betweenDigits = 300 * time.Millisecond
	betweenRounds = 800 * time.Millisecond
)

// readRecordings reads a folder with a folder for each language. Everything that is missing or differs is refused.
func readRecordings(folder string, refuse func(text string)) recordings {
	entries, err := os.ReadDir(folder)
	if !filepath.IsAbs(folder) {
		err = errors.New("write its whole path, such as /etc/otpgate/recordings")
	}
	if err != nil {
		refuse("is a folder that cannot be read: " + why(err))
		return recordings{}
	}
	all := recordings{}
	for _, entry := range entries {
		name := entry.Name()
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || !info.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		if name != spoken.Language(name) {
			refuse("has a folder that is named for no language: " + strconv.Quote(name) + "; write such as en")
			continue
		}
		all[name] = readTongue(filepath.Join(folder, name), func(text string) { refuse(name + ": " + text) })
	}
	if len(all) == 0 {
		refuse("holds no language: make a folder such as en in it, with 0.wav to 9.wav")
	}
	return all
}

// readTongue reads the recordings of a language, which are WAV files, or MP3 files where 0.mp3 is one.
func readTongue(folder string, refuse func(text string)) tongue {
	t := tongue{ending: "wav"}
	if _, err := os.Stat(filepath.Join(folder, "0.mp3")); err == nil {
		t.ending = "mp3"
	}
	var missing []string
	for digit := range t.digits {
		name := strconv.Itoa(digit) + "." + t.ending
		s, err := readSound(folder, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			refuse(name + " " + why(err))
		}
		t.digits[digit] = s
	}
	optional := func(name string) sound {
		s, err := readSound(folder, name+"."+t.ending)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			refuse(name + "." + t.ending + " " + why(err))
		}
		return s
	}
	t.intro, t.again = optional("intro"), optional("again")
	if len(missing) > 0 {
		refuse("missing: " + strings.Join(missing, ", "))
	}
	t.compare(refuse)
	return t
}

// readSound reads one file.
func readSound(folder, name string) (sound, error) {
	file, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return sound{}, err
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxRecording+1))
	switch {
	case err != nil:
		return sound{}, err
	case len(b) > maxRecording:
		return sound{}, errors.New("is larger than 1 MiB: one word is enough, mono, at 8 kHz")
	case strings.HasSuffix(name, ".mp3"):
		return parseMPEG(b)
	}
	return parseWave(b)
}

// why is an error without the path, which the reader has just written.
func why(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return err.Error()
}

// compare refuses sounds that cannot be joined, and such as would be too large together.
func (t tongue) compare(refuse func(text string)) {
	named := map[string]sound{"intro": t.intro, "again": t.again}
	for digit, s := range t.digits {
		named[strconv.Itoa(digit)] = s
	}
	var first, largest string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		s := named[name]
		switch {
		case s.coding == nil:
			continue
		case first == "":
			first = name
		case s.coding != named[first].coding:
			refuse(fmt.Sprintf("%s.%s is %s, and %s.%s is %s: save all of them alike",
				name, t.ending, s.coding, first, t.ending, named[first].coding))
		}
		if len(name) == 1 && len(s.data) > len(named[largest].data) {
			largest = name
		}
	}
	if largest == "" || t.digits[0].coding == nil {
		return
	}
	if size := len(t.say(strings.Repeat(largest, longestCode))); size > maxSpoken {
		refuse(fmt.Sprintf("a code of %d digits would be a file of %d MiB, and %d are the most: record at 8 kHz, mono",
			longestCode, size>>20, maxSpoken>>20))
	}
}

// say makes a file in which code, digits alone, is said twice.
func (t tongue) say(code string) []byte {
	f := t.digits[0].coding
	pause, long := f.silence(betweenDigits), f.silence(betweenRounds)
	var round []byte
	for _, c := range code {
		round = append(append(round, t.digits[c-'0'].data...), pause...)
	}
	return f.file(slices.Concat(t.intro.data, pause, round, long, t.again.data, pause, round))
}

// in is what is recorded in the language of locale, else in English, else in the first language that there is.
func (r recordings) in(locale string) tongue {
	for _, language := range []string{spoken.Language(locale), "en"} {
		if t, ok := r[language]; ok {
			return t
		}
	}
	return r[slices.Min(slices.Collect(maps.Keys(r)))]
}

// mediaType is that of the files.
func (t tongue) mediaType() string {
	if t.ending == "mp3" {
		return "audio/mpeg"
	}
	return "audio/wav"
}
