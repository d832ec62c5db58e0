package deploy_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unit is a file of systemd: the values of each key of each section, in the order of the file.
func unit(t *testing.T, text string) map[string][]string {
	t.Helper()
	keys, section := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				t.Errorf("%q is no assignment", line)
			}
			keys[section+"."+key] = append(keys[section+"."+key], value)
		}
	}
	return keys
}

func TestUnitIsHardened(t *testing.T) {
	t.Parallel()
	keys := unit(t, read(t, "systemd/otpgate.service"))
	for key, want := range map[string]string{
		"DynamicUser": "yes", "StateDirectory": "otpgate", "StateDirectoryMode": "0700", "UMask": "0077",
		"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
		"PrivateDevices": "yes", "PrivateUsers": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "",
		"MemoryDenyWriteExecute": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6", "RestrictNamespaces": "yes",
		"SystemCallFilter": "@system-service;~@privileged @resources", "SystemCallArchitectures": "native",
		"LimitCORE": "0", "LimitNOFILE": "65536", "LoadCredential": "otpgate:/etc/otpgate/secrets",
		"ExecReload": "/bin/kill -HUP $MAINPID", "Type": "exec", "Restart": "on-failure",
	} {
		if got, ok := keys["Service."+key]; !ok || strings.Join(got, ";") != want {
			t.Errorf("%s is %q, not %q", key, got, want)
		}
	}
	for key := range keys {
		if strings.HasPrefix(key, "Service.Environment") {
			t.Errorf("%s: every process of the user can read an environment; secrets are credentials", key)
		}
	}
}

// The file is checked before the program starts, the same file in both places.
func TestUnitChecksWhatItServes(t *testing.T) {
	t.Parallel()
	keys := unit(t, read(t, "systemd/otpgate.service"))
	check, serve := keys["Service.ExecStartPre"], keys["Service.ExecStart"]
	if len(check) != 1 || len(serve) != 1 || strings.Replace(check[0], " check ", " serve ", 1) != serve[0] {
		t.Errorf("%q is checked, and %q is started", check, serve)
	}
}

// A stop takes shutdown_grace twice at most; the example's must fit.
func TestUnitLeavesTimeToStop(t *testing.T) {
	t.Parallel()
	if got := unit(t, read(t, "systemd/otpgate.service"))["Service.TimeoutStopSec"]; len(got) != 1 || got[0] != "45" {
		t.Errorf("TimeoutStopSec is %q; docs/operations.md names 45", got)
	}
}

// What systemd makes of the unit, where there is a systemd: no complaint, and an exposure that stays low.
func TestUnitAsSystemdReadsIt(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed here; the tests above have read the unit by themselves")
	}
	file := filepath.Join(t.TempDir(), "otpgate.service")
	there := strings.ReplaceAll(read(t, "systemd/otpgate.service"), "/usr/local/bin/otpgate", "/bin/sh")
	write(t, file, there)
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", file).CombinedOutput(); err != nil ||
		strings.Contains(string(out), "otpgate.service:") {
		t.Errorf("%v: %s", err, out)
	}
	security := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--threshold=15", file)
	if out, err := security.CombinedOutput(); err != nil {
		score := regexp.MustCompile(`Overall exposure.*`).Find(out)
		t.Errorf("the exposure is above 1.5: %s (%v)", score, err)
	}
}
