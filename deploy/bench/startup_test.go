package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProgramThatCannotBeReadIsNoStaticOne(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if static, err := isStatic(file); err == nil || static {
		t.Errorf("got %v, %v", static, err)
	}
}

func TestWhatIsNotThereIsLeftOut(t *testing.T) {
	t.Parallel()
	b := &bench{runCommand: runCommand{Otpgate: filepath.Join(t.TempDir(), "otpgate")}}
	for name, measure := range map[string]func() (findings, error){
		"start": b.starts, "binary": b.binary, "latency": b.latency,
	} {
		got, err := measure()
		if err != nil || len(got.rows) == 0 || got.rows[0].Missing == "" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestACrowdRemembersItsLargestSize(t *testing.T) {
	t.Parallel()
	var c crowd
	c.enter()
	c.enter()
	c.leave()
	c.enter()
	c.leave()
	c.leave()
	c.enter()
	if most := c.most.Load(); most != 2 {
		t.Errorf("got %d, want 2", most)
	}
}
