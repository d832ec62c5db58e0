package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func TestEveryVersionIsBroughtToTheNewest(t *testing.T) {
	t.Parallel()
	scripts, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	fresh := schemaOf(t, testStore(t, Options{}))
	if len(fresh) == 0 {
		t.Fatal("the schema is empty")
	}
	for version := range len(scripts) + 1 {
		t.Run(fmt.Sprint("from ", version), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "otpgate.db")
			atVersion(t, path, scripts[:version])
			if diff := cmp.Diff(fresh, schemaOf(t, testStore(t, Options{Path: path}))); diff != "" {
				t.Errorf("the schema differs from a fresh one (-fresh +migrated):\n%s", diff)
			}
		})
	}
}

func TestAFailedMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	atVersion(t, path, nil)
	c, err := connect(path, Options{}.withDefaults().writing())
	if err != nil {
		t.Fatal(err)
	}
	if err := upgrade(c, "CREATE TABLE good (a TEXT); CREATE TABLE bad bad bad;", 1); err == nil {
		t.Error("upgraded")
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	testStore(t, Options{Path: path}) // it is as empty as before
}

func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	for _, sql := range []string{
		selectRecord, selectByUpstream, selectMemory, selectKey, selectOverdue, selectOld, selectStride, selectOpen,
		selectReference, selectParked, boundParked, sweepParked, oldestEvent, oldestReference, nextApp,
		deletePerson,
	} {
		plan := planOf(t, s, sql)
		for _, step := range plan {
			if len(step) > 5 && step[:5] == "SCAN " && step != "SCAN (subquery-1)" {
				t.Errorf("%s\nreads a whole table: %s", sql, plan)
			}
		}
	}
}

func planOf(t *testing.T, s *Store, sql string) []string {
	t.Helper()
	return column(t, s, 3, 4, "EXPLAIN QUERY PLAN "+sql)
}

func schemaOf(t *testing.T, s *Store) []string {
	t.Helper()
	return column(t, s, 0, 1, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
}

func column(t *testing.T, s *Store, at, width int, sql string) []string {
	t.Helper()
	texts, err := write(t.Context(), s.writer, func(t tx) ([]string, error) {
		var texts []string
		row := make([]any, width)
		args := slices.Repeat([]any{int64(1)}, countArgs(sql))
		err := t.rows(row, sql, args, func() bool {
			text, _ := row[at].(string)
			texts = append(texts, text)
			return true
		})
		return texts, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func countArgs(sql string) int {
	n := 0
	for _, r := range sql {
		if r == '?' {
			n++
		}
	}
	return n
}

// atVersion makes the file as a gateway that knew no more than these scripts would have left it.
func atVersion(t *testing.T, path string, scripts []string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, Options{}.withDefaults().writing())
	if err != nil {
		t.Fatal(err)
	}
	for i, script := range scripts {
		if err := upgrade(c, script, i+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
}

func TestColumnsSayWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	s := testStore(t, Options{})
	start := time.UnixMilli(1_800_000_000_000).UTC()
	b := testBegin(start)
	b.Verification.Purpose = "login"
	ref := string(b.Verification.Reference)
	columns := func() []string {
		return column(t, s, 0, 1, `SELECT concat_ws(' ', reference, app, status, channel, provider, country, recipient,
			purpose, created_at, expires_at, coalesce(ended_at, 'open')) FROM verifications`)
	}
	expect := func(err error, want string) {
		t.Helper()
		if diff := cmp.Diff([]string{ref + " " + want}, columns()); err != nil || diff != "" {
			t.Errorf("error %v, columns (-want +got):\n%s", err, diff)
		}
	}
	_, err := s.Begin(t.Context(), b)
	expect(err, "shop pending sms  GH +233201234567 login 1800000000000 1800000300000 open")
	d := otp.Delivery{
		ID: "d", Provider: "own", Channel: providers.WhatsApp, Status: otp.DeliverySent, Checkable: true,
		ExpiresAt: start.Add(time.Minute),
	}
	dispatch := otp.Dispatch{Reference: b.Verification.Reference, Deliveries: []otp.Delivery{d}, Now: start}
	_, err = s.Deliver(t.Context(), dispatch)
	expect(err, "shop pending whatsapp own GH +233201234567 login 1800000000000 1800000060000 open")
	dispatch.Deliveries[0].Provider = "hubtel-gh" // the expiry stays, so the short way to write is taken
	_, err = s.Deliver(t.Context(), dispatch)
	expect(err, "shop pending whatsapp hubtel-gh GH +233201234567 login 1800000000000 1800000060000 open")
	_, err = s.Settle(t.Context(), otp.Settlement{
		Match:  otp.Match{Reference: b.Verification.Reference, App: "shop"},
		Status: otp.StatusCanceled, Now: start.Add(time.Second),
	})
	expect(err, "shop canceled whatsapp hubtel-gh GH +233201234567 login 1800000000000 1800000060000 1800000001000")
}

// What was kept in the scattered rows of version 5 holds in the dense ones of version 6.
func TestKeysAndLimitsOutliveTheirOldTables(t *testing.T) {
	t.Parallel()
	scripts, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "otpgate.db")
	atVersion(t, path, scripts[:denseVersion-1])
	b := testBegin(time.Now().UTC().Truncate(time.Millisecond))
	who := b.Verification.To.Address()
	b.Claims = []otp.Claim{
		{Name: "recipient", Key: "recipient 1/1h " + who, Limit: otp.Limit{Max: 1, Window: time.Hour}},
		{Name: "recipient", Key: "recipient 5/24h " + who, Limit: otp.Limit{Max: 5, Window: 24 * time.Hour}},
		{Name: "app", Key: "app 9/1h shop", Limit: otp.Limit{Max: 9, Window: time.Hour}},
	}
	const hash = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	b.Once = &otp.Once{Key: hash, Lease: time.Minute, Keep: time.Hour}
	scatter(t, path, b)
	s := testStore(t, Options{Path: path})

	levels, err := s.Levels(t.Context(), b.Claims, b.Now)
	if err != nil || levels[0].Used != 1 || levels[1].Used != 1 || levels[2].Used != 1 {
		t.Errorf("levels %+v, error %v", levels, err)
	}
	begun, err := s.Begin(t.Context(), b)
	if err != nil || begun.Replay == nil || string(begun.Replay.Body) != "{}" || begun.Replay.Status != 201 {
		t.Errorf("begun %+v, error %v", begun, err)
	}
	b.Once.Key = "an unfinished one"
	if _, err := s.Begin(t.Context(), b); code(err) != otp.IdempotencyInProgress {
		t.Errorf("an unfinished request: %v", err)
	}
	b.Once = nil
	if _, err := s.Begin(t.Context(), b); code(err) != otp.RateLimited {
		t.Errorf("beyond the limit: %v", err)
	}
}

// scatter writes each limit of b as used once, and its key as answered and another one as held, the way of version 5.
func scatter(t *testing.T, path string, b otp.Begin) {
	t.Helper()
	c, err := connect(path, Options{}.withDefaults().writing())
	if err != nil {
		t.Fatal(err)
	}
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := c.exec(sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, claim := range b.Claims {
		w := new(otp.Window)
		w.Add(claim.Limit, b.Now)
		counts, err := w.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		run("INSERT INTO windows VALUES (?, ?, ?)", claim.Key, counts, windowEnd(claim.Limit, b.Now))
	}
	until := b.Now.Add(time.Hour).UnixMilli()
	run("INSERT INTO idempotency VALUES (?, ?, 'r', ?, ?, 201, 'application/json', CAST('{}' AS BLOB))",
		b.Once.Key, make([]byte, 32), until, until)
	run("INSERT INTO idempotency VALUES ('an unfinished one', ?, 'r', ?, ?, NULL, NULL, NULL)",
		make([]byte, 32), until, until)
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
}
