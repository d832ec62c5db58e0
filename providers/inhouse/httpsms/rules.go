package httpsms

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// answers takes the part of a contract apart that is about answers.
func (c *compiler) answers() answers {
	a := answers{accept: c.Accept}
	if len(a.accept) == 0 {
		a.accept = []int{http.StatusOK, http.StatusCreated, http.StatusAccepted}
	}
	for i, status := range a.accept {
		if !success(status) {
			c.refuse("is no status of success: those lie between 200 and 299", "accept", strconv.Itoa(i))
		}
	}
	for i, one := range c.Success {
		if one.Path == "" {
			c.refuse("is missing: write where to look, such as data[0].status", c.place(i, "path")...)
		}
		a.success = append(a.success, condition{Condition: one, path: c.path(one.Path, c.place(i, "path")...)})
	}
	a.id = c.path(c.IDPath, "id_path")
	for i, one := range c.Errors {
		a.refusals = append(a.refusals, c.refusal(one, strconv.Itoa(i)))
	}
	return a
}

// place is where a field of the condition at i stands in the file: a single one may stand there without a list.
func (c *compiler) place(i int, field string) []string {
	if len(c.Success) == 1 {
		return []string{"success"}
	}
	return []string{"success", strconv.Itoa(i), field}
}

func (c *compiler) refusal(rule ErrorRule, at string) refusal {
	r := refusal{ErrorRule: rule, path: c.path(rule.Path, "errors", at, "path")}
	switch {
	case rule.Status == 0 && rule.Path == "":
		c.refuse("says nothing about the answer: write status, or path and values", "errors", at)
	case rule.Status != 0 && (rule.Status < 200 || rule.Status > 599):
		c.refuse("is no status of an answer: those lie between 200 and 599", "errors", at, "status")
	case rule.Path == "" && len(rule.Values) > 0:
		c.refuse("stand nowhere: write path", "errors", at, "values")
	}
	var names []string
	for _, class := range providers.Classes() {
		if class == providers.Gone {
			continue // speaks of sessions, and a transport has none
		}
		if names = append(names, class.String()); rule.Class == class.String() {
			r.class = class
			return r
		}
	}
	c.refuse("is no class of errors; use one of: "+strings.Join(names, ", "), "errors", at, "class")
	return r
}

// path reads a path; nil for an empty one.
func (c *compiler) path(text string, at ...string) path {
	if text == "" {
		return nil
	}
	p, ok := parsePath(text)
	if !ok {
		c.refuse("is no path: write names with dots between, [0] or [*] for lists, and | between alternatives, such as "+
			"data[0].status", at...)
	}
	return p
}
