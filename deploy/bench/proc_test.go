package main

import (
	"os"
	"testing"
)

func TestTheTimeOfAProcessIsThatOfUserAndSystem(t *testing.T) {
	t.Parallel()
	// The name in brackets holds what it likes: blanks, brackets, numbers.
	const stat = "4711 (a b) 1 (c) S 1 4711 4711 0 -1 4194560 1500 0 3 0 250 125 7 9 20 0 8 0 12345 1000000 500\n"
	got, err := cpuSeconds(stat)
	if err != nil || got != 3.75 {
		t.Errorf("got %v, %v; want 3.75", got, err)
	}
	for _, bad := range []string{"", "4711 (a) S 1 2", "4711 (a) S 1 4711 4711 0 -1 4194560 1500 0 3 0 x 125 7"} {
		if got, err := cpuSeconds(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func TestSizesAreBytes(t *testing.T) {
	t.Parallel()
	const status = "Name:\tVmRSS\nVmPeak:\t  900 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\nThreads:\t8\n"
	if got, err := size(status, "VmRSS"); err != nil || got != 1<<20 {
		t.Errorf("VmRSS is %v, %v", got, err)
	}
	if got, err := size(status, "VmHWM"); err != nil || got != 2<<20 {
		t.Errorf("VmHWM is %v, %v", got, err)
	}
	for _, name := range []string{"VmSwap", "Threads"} {
		if got, err := size(status, name); err == nil {
			t.Errorf("%s is read as %v", name, got)
		}
	}
}

func TestThisProcessAndMachineCanBeRead(t *testing.T) {
	t.Parallel()
	u, err := usageOf(os.Getpid())
	if err != nil || u.resident <= 0 || u.peak < u.resident {
		t.Errorf("got %+v, %v", u, err)
	}
	m, err := thisMachine()
	if err != nil || m.CPU == "" || m.Cores < 1 || m.Kernel == "" || m.Memory <= 0 {
		t.Errorf("got %+v, %v", m, err)
	}
}
