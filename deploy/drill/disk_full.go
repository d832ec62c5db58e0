package main

import (
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// What disk-full works with.
const (
	fullRate    = 60 // verifications begun in a second
	fullPause   = 300 * time.Millisecond
	fullTime    = 6 * time.Second // without space
	fullRounds  = 2
	diskSize    = 64 << 20  // the database and its log, which grows to 32 MiB or so, must not fill it by themselves
	fillPiece   = 256 << 10 // that is written at once
	fullSettled = 15 * time.Second
)

// fullDisk is a gateway whose database is on a small disk.
type fullDisk struct {
	*ledger
	p     *process
	disk  disk
	api   *client
	first int // verification of the next load
}

func diskFull(s *stage) error {
	f := &fullDisk{ledger: s.newLedger()}
	f.pause = fullPause
	if err := f.open(); err != nil {
		return err
	}
	for range fullRounds {
		if err := f.pass(); err != nil {
			return err
		}
	}
	f.look(f.api)
	f.again(f.api)
	f.stray(f.api)
	f.faults()
	return nil
}

func (f *fullDisk) open() (err error) {
	set, err := f.providers()
	if err != nil {
		return err
	}
	if f.disk, err = f.newDisk(); err != nil {
		return err
	}
	set.Store = "sqlite: {path: " + filepath.Join(f.disk.folder, "otpgate.db") + "}"
	file, err := f.write(&set, "drill")
	if err != nil {
		return err
	}
	if f.p, err = f.start(f.disk.command(f.ctx, diskSize, f.binary, "serve", "--config", file), set.Folder); err != nil {
		return err
	}
	f.disk.pid = f.p.cmd.Process.Pid
	f.api = f.newClient(f.p.url)
	f.say("the database is on a tmpfs of %d MiB of its own", diskSize>>20)
	return nil
}

// pass fills the disk up under load, and gives the space back.
func (f *fullDisk) pass() error {
	f.fresh()
	stop := f.load()
	f.rest(calmTime)
	filled, err := f.disk.fill()
	if err != nil {
		return err
	}
	began := time.Now()
	refuses := f.await(fullSettled, func() bool { return f.answers.of("send "+storeAway) > 0 })
	f.expect(refuses, "a file of %d KiB takes the rest of the disk; sends are refused %v later", filled>>10,
		short(time.Since(began)))
	f.keepFull()
	if err := f.disk.empty(); err != nil {
		return err
	}
	f.recovers(time.Now())
	stop()
	f.only(sent, verifiedNow, wrongCode, usedCode, exhausted, storeAway)
	f.expect(f.refusal.took() <= storeWithin+cutSlack, "the slowest answer %s took %v; at most %v, and %v for the machine",
		storeAway, short(f.refusal.took()), storeWithin, cutSlack)
	f.fresh()
	stop = f.load()
	f.rest(calmTime)
	stop()
	f.say("afterwards, for %v:", calmTime)
	f.only(sent, verifiedNow, wrongCode, usedCode)
	return nil
}

// keepFull takes the space that the gateway gives back by itself, as a neighbour that writes on would. /readyz may say
// yes at first: a single page may have room where a send has none.
func (f *fullDisk) keepFull() {
	asked, no := 0, 0
	until := time.Now().Add(fullTime)
	for time.Now().Before(until) && f.ctx.Err() == nil {
		f.rest(100 * time.Millisecond)
		_, _ = f.disk.fill() // it has succeeded before
		if asked++; !f.api.ready() {
			no++
		}
	}
	f.expect(no > asked/2, "for %v without space; /readyz was asked %d times and said no %d times", fullTime, asked, no)
}

func (f *fullDisk) load() (stop func()) {
	first := f.first
	f.first += personsOfLoad
	return f.pace(fullRate, func(n int, _ time.Time) {
		_ = f.live(first+n, func() *client { return f.api }) // what is not answered is counted
	})
}

func (f *fullDisk) recovers(since time.Time) {
	n := f.first - personsOfLoad/10
	back := f.await(recoverWithin, func() bool {
		n++
		a, err := f.api.send(nigerian(n), "")
		return err == nil && a.status == http.StatusCreated && f.api.ready()
	})
	f.expect(back, "it sends again, and is ready, %v after there is space; nobody restarted it", short(time.Since(since)))
}

// space is the file that takes the room.
const space = "space"

// fill writes on until there is no room, and returns the size of what takes it.
func (d disk) fill() (int64, error) {
	file, err := os.OpenFile(d.path(space), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for piece := make([]byte, fillPiece); len(piece) > 0; {
		if _, err := file.Write(piece); err != nil {
			piece = piece[:len(piece)/2] // the last bytes too
		}
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// empty gives the room back.
func (d disk) empty() error { return os.Remove(d.path(space)) }
