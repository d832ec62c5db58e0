package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func TestSeededVerificationsAreLiveAndTheirCodesRight(t *testing.T) {
	t.Parallel()
	set := someSettings(t)
	file, err := set.write()
	if err != nil {
		t.Fatal(err)
	}
	guesses := filepath.Join(set.Folder, "guesses")
	seed := seedCommand{Config: file, Live: 3, Guessed: 5, Files: 2, Guesses: guesses}
	if err := seed.Run(&world{t.Context()}); err != nil {
		t.Fatal(err)
	}
	s, err := newSeeder(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.store.Close()
	people := map[string]bool{}
	for i := range seed.Files {
		text, err := os.ReadFile(guesses + strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(string(text))
		if len(lines) != 2*seed.Guessed {
			t.Fatalf("file %d holds %q", i, text)
		}
		for at := 0; at < len(lines); at += 2 {
			people[checkSeeded(t, s, otp.Reference(lines[at]), lines[at+1])] = true
		}
	}
	if len(people) != seed.Guessed*seed.Files {
		t.Errorf("%d people, want one for each verification", len(people))
	}
}

// checkSeeded returns who the verification is for.
func checkSeeded(t *testing.T, s *seeder, ref otp.Reference, code string) (address string) {
	t.Helper()
	v, err := s.store.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	live := v.Live(time.Now().Add(time.Hour)) // longer than a run takes
	if v.At(time.Now()).Status != otp.StatusPending || len(live) != 1 {
		t.Fatalf("%s is %s with %d live deliveries", ref, v.Status, len(live))
	}
	verdict, err := s.generator.Verify(t.Context(), live[0].Handle, providers.NewSecret(code))
	if err != nil || !verdict.Match {
		t.Errorf("the code of %s is not right: %v", ref, err)
	}
	return v.To.Address()
}
