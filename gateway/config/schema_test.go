package config_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/gateway/config"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema(kinds())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// judge asks the schema as an editor does: about the text of the file, with nothing expanded.
func judge(t *testing.T, schema *jsonschema.Schema, file string) error {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Load(text, &document); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

func TestSchemaTakesGoodFiles(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, file := range []string{"testdata/good.yaml"} {
		if err := judge(t, schema, file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, name := range []string{
		"unknown-key", "unknown-key-in-with", "duration-is-a-word", "number-is-a-word", "number-in-quotes", "list-for-text",
		"text-for-list", "text-for-block", "limit-unreadable", "store-driver-unknown", "log-level-unknown",
		"key-scope-unknown", "template-channel-unknown", "template-that-is-a-list", "template-without-default",
		"app-resend-code-unknown",
		"defaults-words-unknown", "provider-kind-unknown", "provider-kind-missing", "route-strategy-unknown",
		"route-name-missing",
		"route-none", "route-weight-zero", "price-negative", "key-without-scopes", "bool-is-a-word", "with-is-a-list",
	} {
		if err := judge(t, schema, "testdata/bad/"+name+".yaml"); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSchemaDescribes(t *testing.T) {
	t.Parallel()
	text, err := config.Schema(kinds())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"description": "Address and port to listen on."`, `"default": "127.0.0.1:8080"`,
		`"description": "Name of the provider."`,
		`"default": "https://api-otp.hubtel.com"`, `"const": "inhouse"`,
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the schema lacks %s", want)
		}
	}
	again, err := config.Schema(kinds())
	if err != nil || !bytes.Equal(text, again) {
		t.Error("the schema is not the same every time", err)
	}
}
