// Command licences finds out under which licences the modules are that the gateway is linked with, and fails when one
// is unknown or not allowed. Run it at the root of the tree:
//
//	licences -check docs/licences.md     compares the page with the truth
//	licences -page docs/licences.md      writes the page
//	licences -texts FILE                 writes all licence texts, which go along with the program
//	licences -sbom FILE -version V       writes a bill of materials in CycloneDX's JSON
//
// Modules are those of all operating systems of a release; for -sbom, those of GOOS and GOARCH alone.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// program is what is looked at, in all releases built alike.
const program = "./cmd/otpgate"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

type options struct{ check, page, texts, sbom, version string }

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("licences", flag.ContinueOnError)
	flags.StringVar(&o.check, "check", "", "page to compare with the truth")
	flags.StringVar(&o.page, "page", "", "page to write")
	flags.StringVar(&o.texts, "texts", "", "file to write all licence texts to")
	flags.StringVar(&o.sbom, "sbom", "", "file to write a bill of materials to")
	flags.StringVar(&o.version, "version", "unknown", "version of the program, for -sbom")
	if err := flags.Parse(args); err != nil {
		return err
	}
	systems := []string{"linux", "darwin"}
	if o.sbom != "" {
		systems = []string{""} // as the environment says
	}
	modules, err := linked(ctx, program, systems)
	if err != nil {
		return err
	}
	if err := errors.Join(judge(modules)...); err != nil {
		return err
	}
	return o.write(modules, out)
}

func (o options) write(modules []module, out io.Writer) error {
	if o.page != "" {
		return os.WriteFile(o.page, page(modules), 0o644)
	}
	if o.texts != "" {
		return os.WriteFile(o.texts, texts(modules), 0o644)
	}
	if o.sbom != "" {
		text, err := billOfMaterials(modules, o.version)
		if err != nil {
			return err
		}
		return os.WriteFile(o.sbom, text, 0o644)
	}
	if o.check != "" {
		got, err := os.ReadFile(o.check)
		if err != nil || !bytes.Equal(got, page(modules)) {
			return fmt.Errorf("%s does not tell the truth; `make notices` writes it anew", o.check)
		}
	}
	_, err := fmt.Fprintf(out, "the licences of %d modules are known and allowed\n", len(modules))
	return err
}
