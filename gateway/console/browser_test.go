package console_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/otpgate/otpgate/gateway/console"
)

// screenshots is the variable that names a folder in which the screenshots are kept, to be looked at.
const screenshots = "OTPGATE_SCREENSHOTS"

// screen is what a page is looked at with.
type screen struct {
	name          string
	width, height int64
	dark          bool
}

func screens() []screen {
	return []screen{
		{"desktop", 1280, 800, false}, {"desktop-dark", 1280, 800, true}, {"phone", 390, 844, false}, {"phone-dark", 390, 844, true},
	}
}

// sight is a page, what shows that it is finished, and what is done on it first.
type sight struct {
	name, path, ready, act string
}

const (
	bars = `document.querySelectorAll("svg .bars rect").length`
	rows = `document.querySelectorAll("tbody tr").length`
)

func sights() []sight {
	fill := `const f = document.getElementById("question"); f.elements.to.value = "` + ghanaian + `"; f.requestSubmit();`
	return []sight{
		{"overview", "/", bars + ` > 10 && document.querySelectorAll("svg .line path").length > 2`, ""},
		{"overview-30d", "/?range=30d&by=country", bars + " > 30", ""},
		{"providers", "/providers", rows + " === 5", ""},
		{"verifications", "/verifications", rows + " === 50", ""},
		{"verification", "/verifications/" + string(attacked().Reference), `document.querySelectorAll(".timeline li").length > 4`, ""},
		{"explain", "/explain", `document.querySelectorAll("#plan section").length === 4`, fill},
		{"limits", "/limits", `document.querySelectorAll("#levels tbody tr").length === 4`, fill},
		{"configuration", "/configuration", `document.querySelectorAll("#text .row").length > 10`, ""},
		{"inbox", "/inbox", `document.querySelectorAll(".message").length === 3`, ""},
	}
}

// chromium is a running browser.
type chromium struct{ ctx context.Context }

func browser(t *testing.T) chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("this test looks at the pages in a real browser: `make packages` installs it, or apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return chromium{ctx}
}

// tab is an open page.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// newTab opens a tab on a screen. What a page writes to its console fails the test.
func newTab(t *testing.T, chromium chromium, on screen) tab {
	t.Helper()
	ctx, shut := chromedp.NewContext(chromium.ctx)
	bounded, done := context.WithTimeout(ctx, 40*time.Second)
	messages := chromedp.Console(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for message, err := range messages {
			if err != nil {
				return
			}
			t.Errorf("the page complains: %s", message)
		}
	}()
	t.Cleanup(func() { done(); shut(); <-ended })
	scheme := "light"
	if on.dark {
		scheme = "dark"
	}
	var viewport []chromedp.EmulateViewportOption
	if on.width < 600 {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	if err := chromedp.Do(bounded, chromedp.EmulateViewport(on.width, on.height, viewport...)); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(bounded, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tab{t, bounded}
}

// await waits for an expression to become true, over the pages that a click may lead to.
func (p tab) await(what, expression string) {
	p.t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && done {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			p.t.Fatalf("%s did not come; the page says:\n%s", what, text)
		}
	}
}

func (p tab) open(url string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(url)); err != nil {
		p.t.Fatal(err)
	}
}

func evaluate[T any](p tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// tooWide names what sticks out of the page and is not inside something that scrolls by itself.
const tooWide = `(() => {
	const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 &&
		!e.closest(".scroll, .code, .hidden, .skip") && getComputedStyle(e).position !== "absolute");
	const page = document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth] : [];
	return page.concat(out.slice(0, 3).map((e) => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40))).join("; ");
})()`

func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	o := options()
	o.Gateway.(*fakeGateway).reload = &console.Reload{
		At: noon().Add(-time.Minute),
		Mistakes: []string{
			`config.yaml:12:3: server.lisen: unknown key; did you mean listen?`,
			`config.yaml:71:10: routes[2].use[0]: there is no provider "zendd"`,
		},
		Warnings: []string{"config.yaml:9:3: console.token: the token is easy to guess"},
	}
	url := serve(t, o)
	running := browser(t)
	for _, on := range screens() {
		t.Run(on.name, func(t *testing.T) {
			p := newTab(t, running, on)
			for _, page := range sights() {
				p.open(url + page.path)
				if page.act != "" {
					_ = evaluate[any](p, "(() => {"+page.act+"})()")
				}
				p.await(page.name, page.ready)
				if wide := evaluate[string](p, tooWide); wide != "" {
					t.Errorf("%s is wider than the screen: %s", page.name, wide)
				}
				if evaluate[int](p, `document.querySelectorAll("main script, .note.bad[role=alert]").length`) != 0 {
					t.Errorf("%s shows a mistake or holds a foreign script", page.name)
				}
				p.picture(on.name + "-" + page.name)
			}
		})
	}
}

// picture keeps a screenshot of the whole page.
func (p tab) picture(name string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatal(err)
	}
	folder := os.Getenv(screenshots)
	if folder == "" {
		folder = p.t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func TestPagesFollowTheGateway(t *testing.T) {
	t.Parallel()
	url := serve(t, options())
	p := newTab(t, browser(t), screens()[0])
	p.open(url + "/providers")
	const calls = `document.querySelector("tbody td[data-title=Success] small")?.textContent`
	p.await("the first answer", calls+` !== undefined`)
	first := evaluate[string](p, calls)
	p.await("the next answer", fmt.Sprintf("%s !== %q", calls, first))
}

func TestPlotCanBeReadWithoutEyes(t *testing.T) {
	t.Parallel()
	url := serve(t, options())
	p := newTab(t, browser(t), screens()[0])
	p.open(url)
	p.await("the plot", `document.querySelector("#sends svg")`)
	_ = evaluate[any](p, `document.querySelector("#sends svg").focus()`)
	_ = evaluate[any](p, `document.querySelector("#sends svg").dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft"}))`)
	p.await("values of a step",
		`((tip) => !tip.hidden && /\d\d:\d\d to/.test(tip.textContent))(document.querySelector("#sends .tip"))`)
	p.picture("desktop-plot")
	_ = evaluate[any](p, `(() => {
		document.querySelector("#sends svg").dataset.old = "yes";
		document.getElementById("view").dispatchEvent(new Event("change"));
	})()`)
	p.await("the next answer", `document.querySelector("#sends svg:not([data-old])")`)
	p.await("the place that the keyboard was at",
		`document.activeElement.closest("#sends") && !document.querySelector("#sends .tip").hidden`)
	_ = evaluate[any](p, `document.querySelector("#sends summary").click()`)
	p.await("the table", `document.querySelectorAll("#sends .values tbody tr").length === 24`)
	sum := evaluate[int](p, `[...document.querySelectorAll("#sends .values td")].reduce((n, td) => n + (+td.textContent || 0), 0)`)
	tile := evaluate[string](p, `document.querySelector(".tile .value").textContent`)
	if fmt.Sprint(sum) != strings.ReplaceAll(tile, ",", "") {
		t.Errorf("the plot has %d sends, the tile %s", sum, tile)
	}
}

func TestNothingToShow(t *testing.T) {
	t.Parallel()
	o := options()
	o.History, o.Inbox = &fakeHistory{}, fakeInbox{}
	o.Gateway.(*fakeGateway).past = &fakeHistory{}
	url := serve(t, o)
	running := browser(t)
	for _, on := range []screen{screens()[0], screens()[2]} {
		p := newTab(t, running, on)
		for path, says := range map[string]string{
			"/": "No sends yet", "/verifications": "No verifications yet", "/inbox": "No messages yet",
			"/configuration": "has not changed since",
		} {
			p.open(url + path)
			p.await(path, fmt.Sprintf("document.body.innerText.includes(%q)", says))
			p.picture(on.name + "-empty" + strings.ReplaceAll(path, "/", "-"))
		}
	}
}

func TestLoginInABrowser(t *testing.T) {
	t.Parallel()
	o := options()
	o.Token = secret()
	url := serve(t, o)
	p := newTab(t, browser(t), screens()[2])
	p.open(url)
	enter := func(text string) {
		_ = evaluate[any](p, fmt.Sprintf(
			`(() => { const f = document.forms[0]; f.elements.token.value = %q; f.requestSubmit(); })()`, text))
	}
	p.await("the form", `document.forms.length === 1 && document.forms[0].elements.token`)
	p.picture("phone-login")
	enter(token)
	p.await("the overview", bars+" > 10")
	if cookie := evaluate[string](p, `document.cookie`); cookie != "" {
		t.Errorf("a script can read the cookie: %s", cookie)
	}
	_ = evaluate[any](p, `document.getElementById("menu").click()`)
	p.picture("phone-menu")
	_ = evaluate[any](p, `document.querySelector("nav form").requestSubmit()`)
	p.await("the form again", `location.pathname === "/login"`)
}
