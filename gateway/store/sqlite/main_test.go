package sqlite_test

import (
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
)

// roleVariable names what a test binary that was started by a test should do in place of the tests.
const roleVariable = "OTPGATE_STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	roles := map[string]func(path string) error{"guesser": guessForEver, "squeezed": fillDisk}
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		if err := role(os.Args[1]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child is this test binary again, in another role and in a process of its own.
func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, path)
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stderr = os.Stderr
	return c
}
