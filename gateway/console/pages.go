package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"path"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// pages are the templates by the name of the page: each is the layout with the page's own part.
type pages map[string]*template.Template

// tab is a page that the menu leads to.
type tab struct{ Name, Path, Title string }

func tabs() []tab {
	return []tab{
		{"overview", "/", "Overview"},
		{"providers", "/providers", "Providers"},
		{"verifications", "/verifications", "Verifications"},
		{"explain", "/explain", "Explain"},
		{"limits", "/limits", "Limits"},
		{"configuration", "/configuration", "Configuration"},
	}
}

func inboxTab() tab { return tab{"inbox", "/inbox", "Inbox"} }

func newPages() (pages, error) {
	all := pages{}
	for _, name := range []string{
		"overview", "providers", "verifications", "verification", "explain", "limits", "configuration", "inbox", "login",
	} {
		made, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
		all[name] = made
	}
	return all, nil
}

// pageView is what a template gets. What changes while the page is open comes later, by its module.
type pageView struct {
	Page, Title string
	Tab         string // that is marked in the menu; empty: there is no menu
	Tabs        []tab
	Version     string
	Sandbox     bool
	Protected   bool // one can log out
	Wrong       bool // the token was
	Apps        []string
	Providers   []string
	Channels    []providers.Channel
	Statuses    []otp.Status
	Reference   string
}

func (c *Console) routePages(mux *http.ServeMux) {
	menu := tabs()
	if c.Inbox != nil {
		menu = append(menu, inboxTab())
	}
	serve := func(pattern, name, title, tab string) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			view := pageView{Title: title, Tab: tab, Tabs: menu, Reference: r.PathValue("reference")}
			c.render(w, r, http.StatusOK, name, view)
		})
	}
	for _, t := range menu {
		pattern := t.Path
		if pattern == "/" {
			pattern = "/{$}"
		}
		serve(pattern, t.Name, t.Title, t.Name)
	}
	serve("/verifications/{reference}", "verification", "Verification", "verifications")
}

func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name string, view pageView) {
	view.Page, view.Version, view.Sandbox, view.Protected = name, c.Version, c.Inbox != nil, !c.Token.Empty()
	if view.Tab != "" {
		view.Apps, view.Channels = c.Gateway.Apps(), providers.Channels()
		view.Statuses = []otp.Status{
			otp.StatusPending, otp.StatusVerified, otp.StatusExpired, otp.StatusFailed, otp.StatusCanceled,
		}
		for _, p := range c.Gateway.Providers() {
			view.Providers = append(view.Providers, p.Info.Name)
		}
	}
	var b bytes.Buffer
	if err := c.pages[name].ExecuteTemplate(&b, "layout.html", view); err != nil {
		c.Log.Error("the console cannot write a page", "route", r.Pattern, "error", err)
		http.Error(w, "a defect of the console; the log says more", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// serveAsset serves styles, modules and the icon. They hold nothing that is worth a login.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	_, _ = w.Write(body)
}

// contentType knows the files of assets; the system's table of types may lack them.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}
