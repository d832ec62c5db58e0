package otp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
)

func TestReferencesTellTheShardOfThePersonAndNothingElse(t *testing.T) {
	t.Parallel()
	now := time.Now()
	to, mail := providers.NewPhone("+233201234567", "GH", "0201234567"), providers.NewEmail("Ama@example.com")
	first, second := NewReference(now, to), NewReference(now, to)
	if first == second || first.Shard() != second.Shard() || first.Shard() != ShardOf("+233201234567") {
		t.Errorf("%s and %s: shards %d and %d", first, second, first.Shard(), second.Shard())
	}
	if ref := NewReference(now, mail); ref.Shard() != ShardOf("ama@example.com") {
		t.Error("somebody who writes her address in capitals has another shard")
	}
	if _, err := ParseReference(string(first)); err != nil {
		t.Error(err)
	}
	if Reference("no reference").Shard() != 0 {
		t.Error("what is no reference has a shard")
	}
}

func TestPeopleAreSpreadOverAllShards(t *testing.T) {
	t.Parallel()
	var people [Shards]int
	for n := range 100 * Shards {
		people[NewReference(time.Now(), providers.NewPhone(fmt.Sprintf("+23324%07d", n), "GH", "")).Shard()]++
	}
	for shard, n := range people {
		if n < 50 || n > 160 {
			t.Errorf("%d of %d people are in shard %d", n, 100*Shards, shard)
		}
	}
}

func TestWhatIsNoReference(t *testing.T) {
	t.Parallel()
	const right = "01jtdre6ga9vqk1ce154p0jjwr"
	if _, err := ParseReference(right); err != nil {
		t.Error(err)
	}
	for _, text := range []string{
		"", right[1:], right + "0", strings.ToUpper(right), "O" + right[1:], "u" + right[1:], "8" + right[1:],
		right[:25] + "u", right[:25] + " ", right[:24] + "é", right[:24] + "ſ",
	} {
		if ref, err := ParseReference(text); err == nil {
			t.Errorf("%q is read as %q", text, ref)
		}
	}
}
