package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// ticks is how many of the units of /proc/PID/stat make a second; Linux shows 100 to every program (proc(5), USER_HZ).
const ticks = 100

// cpuSeconds reads the time that a process has computed from its /proc/PID/stat: utime and stime, fields 14 and 15. The
// second field is a name in brackets that may hold anything.
func cpuSeconds(stat string) (float64, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, errors.New("the state of the process is too short")
	}
	u, errUser := strconv.ParseFloat(fields[user], 64)
	s, errSystem := strconv.ParseFloat(fields[system], 64)
	return (u + s) / ticks, errors.Join(errUser, errSystem)
}

// size reads a line such as "VmHWM:  1234 kB" of a file like /proc/PID/status, in bytes; a kB is 1024 of them there.
func size(text, name string) (float64, error) {
	value, ok := field(text, name)
	number, unit, _ := strings.Cut(value, " ")
	if !ok || unit != "kB" {
		return 0, fmt.Errorf("there is no %s in kB", name)
	}
	kilobytes, err := strconv.ParseFloat(number, 64)
	return kilobytes * 1024, err
}

// field is the value of the first line that begins with name and a colon.
func field(text, name string) (string, bool) {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// usage is what a process has used since it began.
type usage struct {
	cpu      float64 // seconds
	resident float64 // bytes of memory now
	peak     float64 // and at most
}

func usageOf(pid int) (u usage, err error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return u, err
	}
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return u, err
	}
	var errs [3]error
	u.cpu, errs[0] = cpuSeconds(string(stat))
	u.resident, errs[1] = size(string(status), "VmRSS")
	u.peak, errs[2] = size(string(status), "VmHWM")
	return u, errors.Join(errs[:]...)
}

// machine is what the figures were measured on.
type machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memory"` // GiB
	Kernel string  `json:"kernel"`
	Go     string  `json:"go"`
	Load   float64 `json:"load"` // average of the minute before the run
}

func thisMachine() (machine, error) {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version()}
	var texts [4]string
	for i, name := range []string{"cpuinfo", "meminfo", "sys/kernel/osrelease", "loadavg"} {
		text, err := os.ReadFile(filepath.Join("/proc", name))
		if err != nil {
			return m, err
		}
		texts[i] = string(text)
	}
	m.CPU = "unknown processor"
	if name, ok := field(texts[0], "model name"); ok {
		m.CPU = name
	}
	m.Kernel = strings.TrimSpace(texts[2])
	memory, err := size(texts[1], "MemTotal")
	if err != nil {
		return m, err
	}
	m.Memory = math.Round(memory / (1 << 30))
	load, _, _ := strings.Cut(texts[3], " ")
	m.Load, err = strconv.ParseFloat(load, 64)
	return m, err
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %.0f GiB, Linux %s, %s", m.CPU, m.Cores, m.Memory, m.Kernel, m.Go)
}

// busy tells whether the machine had other work when the run began.
func (m machine) busy() bool { return m.Load > 1 }
