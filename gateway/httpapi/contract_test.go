package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/api"
)

// contract checks answers against the OpenAPI document.
type contract struct {
	mu  sync.Mutex // the validator fills caches of the document
	doc *openapi3.T
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(api.Document()))
	if err != nil {
		return nil, err
	}
	return &contract{doc: doc}, doc.Validate(context.Background())
})

// answer is a response that was read and found to keep the contract.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// text is a member of the body; empty where there is none.
func (a answer) text(t testing.TB, member string) string {
	t.Helper()
	value, ok := a.json(t)[member]
	if !ok {
		return ""
	}
	return fmt.Sprint(value)
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("the answer is not JSON: %v\n%s", err, a.body)
	}
	return m
}

// do sends req to app in memory. No answer comes back from it unchecked.
func do(t testing.TB, app *fiber.App, req *http.Request) answer {
	t.Helper()
	resp, err := app.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, req, resp)
}

// read reads a response and checks it.
func read(t testing.TB, req *http.Request, resp *http.Response) answer {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, body}
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(req, a); err != nil {
		t.Fatalf("%s %s breaks the contract: %v\nstatus %d\n%s", req.Method, req.URL.Path, err, a.status, a.body)
	}
	return a
}

func (c *contract) check(req *http.Request, a answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := a.safe(); err != nil {
		return err
	}
	path, item := c.path(req.URL.Path)
	var operation *openapi3.Operation
	if item != nil {
		operation = item.GetOperation(req.Method)
	}
	if operation == nil || operation.Responses.Status(a.status) == nil {
		return c.undocumented(operation, a)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req,
			Route: &routers.Route{
				Spec: c.doc, Path: path, PathItem: item, Method: req.Method, Operation: operation,
			},
		},
		Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		return err
	}
	media := operation.Responses.Status(a.status).Value.Content.Get(a.header.Get("Content-Type"))
	if !strings.Contains(a.header.Get("Content-Type"), "json") {
		return nil
	}
	return strict(media, a.body)
}

// path finds the path of the document that leads to a request's.
func (c *contract) path(asked string) (string, *openapi3.PathItem) {
	parts := strings.Split(asked, "/")
	for path, item := range c.doc.Paths.Map() {
		if slices.EqualFunc(strings.Split(path, "/"), parts, func(want, got string) bool {
			return want == got || strings.HasPrefix(want, "{") && got != ""
		}) {
			return path, item
		}
	}
	return "", nil
}

// undocumented checks what any path may answer, without the document listing it on each: problems of HTTP itself.
func (c *contract) undocumented(operation *openapi3.Operation, a answer) error {
	anywhere := []int{400, 404, 405, 408, 413, 431}
	if operation != nil && a.status != 500 && !slices.Contains(anywhere, a.status) {
		return fmt.Errorf("status %d is not documented", a.status)
	}
	if a.header.Get("Content-Type") != "application/problem+json" {
		return fmt.Errorf("a problem is %q", a.header.Get("Content-Type"))
	}
	if len(a.body) == 0 { // of a HEAD
		return nil
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		return err
	}
	schema := c.doc.Components.Schemas["Problem"]
	if err := schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		return err
	}
	return unknown(schema.Value, value, "")
}

// strict finds members that the document does not have. The document itself allows them, for clients of later versions.
func strict(media *openapi3.MediaType, body []byte) error {
	if media == nil || media.Schema == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return unknown(media.Schema.Value, value, "")
}

func unknown(schema *openapi3.Schema, value any, path string) error {
	switch value := value.(type) {
	case map[string]any:
		if schema.AdditionalProperties.Schema != nil {
			return nil
		}
		for name, member := range value {
			own := property(schema, name)
			if own == nil {
				return fmt.Errorf("%s%s is not documented", path, name)
			}
			if err := unknown(own, member, path+name+"."); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range value {
			if err := unknown(schema.Items.Value, item, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// property finds a member; of several schemas the one that says most about it.
func property(schema *openapi3.Schema, name string) *openapi3.Schema {
	var found *openapi3.Schema
	if p := schema.Properties[name]; p != nil {
		found = p.Value
	}
	for _, part := range slices.Concat(schema.AllOf, schema.AnyOf) {
		if p := property(part.Value, name); p != nil && (found == nil || len(p.Properties) > 0 || p.Items != nil) {
			found = p
		}
	}
	return found
}

// safe checks what every answer must have.
func (a answer) safe() error {
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if got := a.header.Get(name); got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		return fmt.Errorf("Content-Security-Policy is %q", a.header.Get("Content-Security-Policy"))
	}
	if len(a.header.Values("X-Request-Id")) != 1 {
		return fmt.Errorf("X-Request-Id is %q", a.header.Values("X-Request-Id"))
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			return fmt.Errorf("%s has no business here", name)
		}
	}
	retry := a.status == 429 || a.status == 503
	if retry && a.header.Get("Retry-After") == "" {
		return fmt.Errorf("status %d without Retry-After", a.status)
	}
	return nil
}

func TestRequestFieldsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	// Every documented member, with a value of a type that none has: a member that the API knows is refused for its
	// type, one that it does not know for its name.
	for path, name := range map[string]string{
		"/v1/otp/send": "SendRequest", "/v1/otp/verify": "VerifyRequest",
		"/v1/otp/resend": "ResendRequest", "/v1/otp/cancel": "CancelRequest",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			body := map[string]any{}
			for member := range c.doc.Components.Schemas[name].Value.Properties {
				body[member] = true
				want = append(want, member)
			}
			text, _ := json.Marshal(body)
			a := do(t, newApp(t, &fakeOTP{}), post(path, string(text)))
			var got []string
			for _, e := range a.json(t)["errors"].([]any) {
				e := e.(map[string]any)
				got = append(got, e["field"].(string))
				if strings.Contains(e["message"].(string), "not a field") {
					t.Errorf("%v is documented and not known", e["field"])
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("refused %q, want %q", got, want)
			}
		})
	}
}
