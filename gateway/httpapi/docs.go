package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/api"
	"github.com/otpgate/otpgate/gateway/otp"
)

//go:embed docs.html
var docsTemplate string

//go:embed docs.css
var docsStyle string

// page is the documentation as it is served.
type page struct {
	html   []byte
	policy string // Content-Security-Policy that allows the page's own style and nothing else
}

// newPage makes the documentation of the OpenAPI document.
func newPage() (page, error) {
	doc, err := parseManual(api.Document())
	if err != nil {
		return page{}, fmt.Errorf("the OpenAPI document cannot be read: %w", err)
	}
	view, err := template.New("docs").Funcs(template.FuncMap{"prose": prose}).Parse(docsTemplate)
	if err != nil {
		return page{}, err
	}
	var b bytes.Buffer
	err = view.Execute(&b, map[string]any{
		"Manual": doc, "Problems": problems(), "Style": template.CSS(docsStyle),
	})
	if err != nil {
		return page{}, err
	}
	sum := sha256.Sum256([]byte(docsStyle))
	return page{
		html: b.Bytes(),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

// prose turns the little Markdown of the document into HTML: paragraphs, lists, code and emphasis. Everything else is
// text, and is escaped.
func prose(text string) template.HTML {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if items, ok := strings.CutPrefix(block, "- "); ok {
			b.WriteString("<ul>")
			for item := range strings.SplitSeq(items, "\n- ") {
				b.WriteString("<li>" + inline(item) + "</li>")
			}
			b.WriteString("</ul>")
		} else if block != "" {
			b.WriteString("<p>" + inline(block) + "</p>")
		}
	}
	return template.HTML(b.String())
}

func inline(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return between(between(template.HTMLEscapeString(text), "`", "code"), "*", "em")
}

// between puts what stands between two marks into an element.
func between(text, mark, element string) string {
	parts := strings.Split(text, mark)
	if len(parts)%2 == 0 { // a mark without its partner is a character
		return text
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "<" + element + ">" + parts[i] + "</" + element + ">"
	}
	return strings.Join(parts, "")
}

func (r *call) docs() (otp.Answer, error) {
	page, err := r.page()
	if err != nil {
		return otp.Answer{}, err
	}
	r.fiber.Set(fiber.HeaderContentSecurityPolicy, page.policy)
	return otp.Answer{Status: http.StatusOK, ContentType: fiber.MIMETextHTMLCharsetUTF8, Body: page.html}, nil
}

func (r *call) document() (otp.Answer, error) {
	return otp.Answer{Status: http.StatusOK, ContentType: "application/yaml", Body: []byte(api.Document())}, nil
}
