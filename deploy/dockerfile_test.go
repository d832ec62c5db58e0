package deploy_test

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, with its lines joined and the stage that it belongs to.
type instruction struct {
	stage      int
	name, text string
}

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	var all []instruction
	stage, pending := -1, ""
	lines := bufio.NewScanner(strings.NewReader(read(t, "Dockerfile")))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pending += " " + line
		if rest, more := strings.CutSuffix(pending, "\\"); more {
			pending = rest
			continue
		}
		name, text, _ := strings.Cut(strings.TrimSpace(pending), " ")
		pending = ""
		if name == "FROM" {
			stage++
		}
		all = append(all, instruction{stage, name, strings.TrimSpace(text)})
	}
	return all
}

// of returns the texts of the instructions of one name in a stage.
func of(all []instruction, stage int, name string) []string {
	var texts []string
	for _, i := range all {
		if i.stage == stage && i.name == name {
			texts = append(texts, i.text)
		}
	}
	return texts
}

func TestImageHasTheProgramAlone(t *testing.T) {
	t.Parallel()
	all := dockerfile(t)
	from := append(of(all, 0, "FROM"), of(all, 1, "FROM")...)
	if len(from) != 2 || len(of(all, 2, "FROM")) != 0 || !strings.HasSuffix(from[0], " golang:1.26 AS build") ||
		from[1] != "gcr.io/distroless/static:nonroot" {
		t.Errorf("the stages are %q", from)
	}
	if runs := of(all, 1, "RUN"); len(runs) != 0 {
		t.Errorf("the last stage has nothing to run %q with", runs)
	}
	for _, copied := range of(all, 1, "COPY") {
		if !strings.HasPrefix(copied, "--from=build ") {
			t.Errorf("COPY %s: the last stage takes from the first alone", copied)
		}
	}
	for _, i := range all {
		if i.name == "ADD" {
			t.Errorf("ADD %s: it fetches and unpacks unasked; use COPY", i.text)
		}
	}
	build := strings.Join(of(all, 0, "RUN"), "\n")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "grpcnotrace", "main.version=$VERSION", "type=cache"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build lacks %s", want)
		}
	}
}

// Go's version stands in go.mod, and the image must not build with an older one.
func TestImageBuildsWithTheModulesGo(t *testing.T) {
	t.Parallel()
	from := of(dockerfile(t), 0, "FROM")[0]
	_, version, _ := strings.Cut(strings.Fields(from)[1], ":")
	if !strings.Contains(read(t, "../go.mod"), "\ngo "+version) {
		t.Errorf("go.mod asks for another Go than %s", from)
	}
}

func TestImageRunsAsNobody(t *testing.T) {
	t.Parallel()
	all := dockerfile(t)
	for name, want := range map[string]string{
		"USER": "65532:65532", "STOPSIGNAL": "SIGTERM", "EXPOSE": "8080 8081",
		"VOLUME": "/var/lib/otpgate", "WORKDIR": "/var/lib/otpgate",
		"ENTRYPOINT": `["/usr/local/bin/otpgate"]`, "CMD": `["serve", "--config", "/etc/otpgate/config.yaml"]`,
	} {
		if got := of(all, 1, name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, not %s", name, got, want)
		}
	}
	health := of(all, 1, "HEALTHCHECK")
	if len(health) != 1 || !strings.HasSuffix(health[0], `CMD ["/usr/local/bin/otpgate", "health"]`) {
		t.Errorf("HEALTHCHECK is %q: without a shell the program itself has to ask", health)
	}
	if labels := strings.Join(of(all, 1, "LABEL"), ""); strings.Count(labels, "org.opencontainers.image.") < 5 {
		t.Errorf("the labels are %s", labels)
	}
}

// Whatever is copied is there, and .dockerignore lets it through; it lets nothing else through.
func TestImageIsBuiltOfWhatItNames(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	for line := range strings.Lines(read(t, "../.dockerignore")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			allowed[name] = true
		}
	}
	for _, text := range of(dockerfile(t), 0, "COPY") {
		fields := strings.Fields(text)
		for _, source := range fields[:len(fields)-1] {
			if _, err := os.Stat(filepath.Join("..", source)); err != nil {
				t.Errorf("COPY %s: %v", text, err)
			}
			if !allowed[source] {
				t.Errorf("COPY %s: .dockerignore keeps %s out", text, source)
			}
			delete(allowed, source)
		}
	}
	for name := range allowed {
		t.Errorf(".dockerignore lets %s through, which nothing copies", name)
	}
	if !strings.Contains(read(t, "../.dockerignore"), "\n*\n") {
		t.Error(".dockerignore has to keep out everything that it does not name")
	}
}

// The folders that the program is made of are copied: a new one would otherwise be missed in a container alone.
func TestImageMissesNoFolder(t *testing.T) {
	t.Parallel()
	copied := strings.Join(of(dockerfile(t), 0, "COPY"), " ")
	sources, err := filepath.Glob("../*/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("there are no sources (%v)", err)
	}
	for _, source := range sources {
		folder := path.Base(path.Dir(filepath.ToSlash(source)))
		if folder != "deploy" && !strings.Contains(copied, folder+" ./"+folder) {
			t.Errorf("%s is not copied", folder)
		}
	}
}
