package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long a file must have been left alone before it is read: editors write in several steps.
const quiet = 150 * time.Millisecond

// Watcher reads a configuration again whenever the file, or a secret file that it refers to, has changed. It watches
// their folders: a watch on a file goes deaf when the file is replaced by a rename, or by Kubernetes' swap of a link.
type Watcher struct {
	file    string
	from    Sources
	changed func(*Config, *Report)

	last    [sha256.Size]byte // digest of what was read last
	names   map[string]bool   // base names that matter
	trigger chan struct{}
}

// NewWatcher makes a watcher of the file that running was loaded from; running may be nil. It calls changed with each
// new configuration, or with nil and the report when the file has mistakes; one call at a time, from [Watcher.Run].
func NewWatcher(file string, from Sources, running *Config, changed func(*Config, *Report)) *Watcher {
	w := &Watcher{file: file, from: from, changed: changed, trigger: make(chan struct{}, 1)}
	if running != nil {
		w.last = running.source.digest
	}
	return w
}

// Reload has the file read now and reported on, whether it has changed or not. It does not wait for that.
func (w *Watcher) Reload() {
	select {
	case w.trigger <- struct{}{}:
	default: // one is waiting already
	}
}

// Run watches until ctx ends, which is no error. It fails when the folder of the file cannot be watched.
func (w *Watcher) Run(ctx context.Context) error {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", w.file, err)
	}
	defer func() { _ = events.Close() }()
	if err := events.Add(filepath.Dir(w.file)); err != nil {
		return fmt.Errorf("watch the folder of %s: %w", w.file, err)
	}
	w.look(events, false) // for a change between the load and the watch
	settled := time.NewTimer(quiet)
	settled.Stop()
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-events.Events:
			if w.matters(event) {
				settled.Reset(quiet)
			}
		case err := <-events.Errors:
			if err != nil { // events may have been lost
				settled.Reset(quiet)
			}
		case <-settled.C:
			w.look(events, false)
		case <-w.trigger:
			w.look(events, true)
		}
	}
}

// matters tells whether an event may have changed what a file says.
func (w *Watcher) matters(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	return event.Op != fsnotify.Chmod && (w.names[name] || strings.HasPrefix(name, "..data"))
}

// look reads the file and, when it says something new or is asked to, reports it.
func (w *Watcher) look(events *fsnotify.Watcher, always bool) {
	r := loadFile(w.file, w.from)
	w.follow(events, r.files)
	if r.digest == w.last && !always {
		return
	}
	w.last = r.digest
	w.changed(r.config, r.report)
}

// follow watches the folders of files and of what links among them lead to. A folder that cannot be watched is that of
// a file which could not be read either, and that was reported.
func (w *Watcher) follow(events *fsnotify.Watcher, files []string) {
	w.names = map[string]bool{}
	for _, file := range files {
		paths := []string{file}
		if target, err := filepath.EvalSymlinks(file); err == nil {
			paths = append(paths, target)
		}
		for _, path := range paths {
			w.names[filepath.Base(path)] = true
			_ = events.Add(filepath.Dir(path))
		}
	}
}
