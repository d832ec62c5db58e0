package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// What reload-storm works with.
const (
	stormReloads = 1000
	stormRewrite = 25 // every so many-th reload comes from a new file, the others from SIGHUP
	stormLook    = 50 // every so many-th reload is followed by a look at what must not change
	stormRate    = 50 // verifications a second
	// stormLinger is how long an old configuration may live on: the request timeout, and 30 seconds for late answers.
	stormLinger = 31 * time.Second
)

// storm is a gateway that is reloaded all the time.
type storm struct {
	*stage
	api     *client
	inbox   *twin.Inbox
	set     settings
	p       *process
	tally   *tally
	reloads int
	worn    time.Time // when the limit of the address was used up
}

const usedUp = "+233241230001" // the number of somebody whose messages are used up

func reloadStorm(s *stage) error {
	m := &storm{stage: s, inbox: new(twin.Inbox), tally: newTally()}
	if err := m.open(); err != nil {
		return err
	}
	before, err := m.p.burden()
	if err != nil {
		return err
	}
	m.wearOut()
	stop := m.pace(stormRate, m.live)
	defer stop()
	m.rest(3 * time.Second)
	watched := m.p.watch()
	err = m.rage()
	most := watched()
	if err != nil {
		return err
	}
	m.unchanged("at the end")
	m.none(m.tally, "requests that failed")
	m.none(m.tally, "states that changed")
	stop()
	m.api.hangUp()
	m.rest(stormLinger + 5*time.Second)
	after, err := m.p.burden()
	m.say("before the load: %v", before)
	m.say("at most: %v", most)
	m.say("after it: %v", after)
	m.expect(after.descriptors <= before.descriptors+spare, "no descriptor is left behind")
	return err
}

// open starts a gateway with a provider that works, one that is broken, and one that may hardly be asked.
func (m *storm) open() error {
	broken, err := m.hubtel("broken", m.inbox)
	if err != nil {
		return err
	}
	working, err := m.hubtel("working", m.inbox)
	if err != nil {
		return err
	}
	if err := broken.Faults.Set(twin.Fault{Kind: twin.Status, Status: 500}); err != nil {
		return err
	}
	m.set = settings{
		Timeout: "1s",
		Limits:  `recipient: 2/24h, ip: 3/1m, app: []`,
		Providers: hubtelBlock("working", working.url, "") + hubtelBlock("broken", broken.url, ", breaker: {open_for: 1h}") +
			hubtelBlock("scarce", working.url, ", max_per_second: 0.001"),
		Routes: "  - {name: broken, when: {purpose: [broken]}, use: [broken, working]}\n" +
			"  - {name: scarce, when: {purpose: [scarce]}, use: [scarce, working]}\n" +
			"  - {name: rest, use: [working]}",
	}
	file, err := m.write(&m.set, "drill")
	if err != nil {
		return err
	}
	if m.p, err = m.serveFile(file); err == nil {
		m.api = m.newClient(m.p.url)
	}
	return err
}

// wearOut opens the breaker of broken, and uses up the limits: of scarce, of a person, and of an address.
func (m *storm) wearOut() {
	for n := range 5 {
		_, _ = m.api.send(ghanaian(9000*999+n), `,"purpose":"broken"`)
	}
	_, _ = m.api.send(ghanaian(9000*999+10), `,"purpose":"scarce"`)
	for range 2 {
		_, _ = m.api.send(usedUp, "")
	}
	for n := range 3 {
		_, _ = m.api.send(ghanaian(9000*999+20+n), fromAddress)
	}
	m.worn = time.Now()
	m.unchanged("before the storm")
}

const (
	// fromAddress is part of a send whose limit is counted in memory, for a minute.
	fromAddress = `,"client":{"ip":"203.0.113.7"}`
	addressWorn = 50 * time.Second
)

// unchanged looks at what was worn out.
func (m *storm) unchanged(when string) {
	if state := m.api.breaker("broken"); state != "open" {
		m.tally.add("states that changed", when+": the breaker is "+state)
	}
	plan, err := m.api.post("/v1/otp/plan", `{"to":"+233241230002","purpose":"scarce"}`)
	if err != nil || !strings.Contains(plan.body, `"limited":true`) {
		m.tally.add("states that changed", fmt.Sprint(when, ": scarce may be asked again: ", plan, err))
	}
	for to, more := range map[string]string{usedUp: "", "+233241230003": fromAddress} {
		if more == fromAddress && time.Since(m.worn) > addressWorn {
			continue
		}
		if a, err := m.api.send(to, more); err != nil || a.problem() != "rate_limited" {
			m.tally.add("states that changed", fmt.Sprint(when, ": what was used up is not: ", more, " ", a, err))
		}
	}
}

// live is the whole life of one verification.
func (m *storm) live(n int, _ time.Time) {
	to := ghanaian(n)
	a, err := m.api.send(to, "")
	if err != nil || a.status != http.StatusCreated {
		m.tally.add("requests that failed", fmt.Sprint(a, err))
		return
	}
	if a, err = m.api.verify(a.Reference, codes(m.inbox, to, "")[0]); err != nil || a.status != http.StatusOK {
		m.tally.add("requests that failed", fmt.Sprint(a, err))
	}
}

// rage reloads again and again, each time when the one before is in force.
func (m *storm) rage() error {
	began := time.Now()
	for n := range stormReloads {
		if err := m.reload(n); err != nil {
			return err
		}
		if n%stormLook == 0 {
			m.unchanged(fmt.Sprintf("after %d reloads", n+1))
		}
	}
	took := time.Since(began)
	m.say("%d reloads in %v, %v each", stormReloads, short(took), short(took/stormReloads))
	return nil
}

// reload has the file read once more and waits until that is done.
func (m *storm) reload(n int) error {
	before := m.reloads
	if n%stormRewrite == stormRewrite-1 {
		if _, err := m.write(&m.set, fmt.Sprint("rewritten after ", n)); err != nil {
			return err
		}
	} else if err := m.p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	done := m.await(5*time.Second, func() bool {
		m.p.log.read(func(l line) {
			if l.Msg == "configuration reloaded" {
				m.reloads++
			}
		})
		return m.reloads > before
	})
	if !done {
		return fmt.Errorf("reload %d did not happen", n+1)
	}
	return nil
}
