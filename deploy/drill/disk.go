package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// disk is a small filesystem in memory that one process has to itself. It is mounted in a mount namespace of that
// process, so the machine does not see it, and it goes with the process. A user who is not root gets a user namespace
// for it too.
type disk struct {
	folder string // where it is mounted, in the eyes of the process
	pid    int    // the process
}

// newDisk makes the folder, and fails where the machine allows no such mount.
func (s *stage) newDisk() (disk, error) {
	folder, err := os.MkdirTemp(s.folder, "disk")
	if err != nil {
		return disk{}, err
	}
	d := disk{folder: folder}
	if said, err := d.command(s.ctx, diskSize, "true").CombinedOutput(); err != nil {
		return d, fmt.Errorf("this drill mounts a tmpfs by unshare(1), which this machine refuses: %w: %s", err, said)
	}
	return d, nil
}

// command is a program that sees the disk, of so many bytes. The process becomes the program.
func (d disk) command(ctx context.Context, size int, program string, args ...string) *exec.Cmd {
	const mount = `mount -t tmpfs -o "size=$1" otpgate-drill "$2" && shift 2 && exec "$@"`
	spaces := []string{"--mount", "sh", "-c", mount, "sh", strconv.Itoa(size), d.folder, program}
	if os.Getuid() != 0 {
		spaces = append([]string{"--user", "--map-root-user"}, spaces...)
	}
	return exec.CommandContext(ctx, "unshare", append(spaces, args...)...)
}

// path leads to a file on the disk from outside.
func (d disk) path(name string) string {
	return filepath.Join("/proc", strconv.Itoa(d.pid), "root", d.folder, name)
}
