package main

import (
	"strings"
	"testing"
)

func someSettings(t *testing.T) settings {
	return settings{Folder: t.TempDir(), Listen: "127.0.0.1:1", Upstream: "http://127.0.0.1:2", Transport: noTransport}
}

func TestGatewaysTakeEveryConfiguration(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*settings){
		"sqlite":           func(*settings) {},
		"Redis":            func(s *settings) { s.Redis = "127.0.0.1:3" },
		"a real transport": func(s *settings) { s.Transport = realTransport },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := someSettings(t)
			change(&set)
			file, err := set.write()
			if err != nil {
				t.Fatal(err)
			}
			if err := accepted(file); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARefusedConfigurationIsLeftOutWithItsReason(t *testing.T) {
	t.Parallel()
	set := someSettings(t)
	set.Transport = "kind: pigeon"
	file, err := set.write()
	if err != nil {
		t.Fatal(err)
	}
	err = accepted(file)
	if err == nil || !strings.HasPrefix(err.Error(), "left out: ") || !strings.Contains(err.Error(), "config.yaml:") {
		t.Errorf("got %v", err)
	}
}
