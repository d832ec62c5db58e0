package deploy_test

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/gateway/config"
)

// compose is what the tests want to know of compose.yaml.
type compose struct {
	Services map[string]service
	Networks map[string]struct {
		Internal bool
		IPAM     struct {
			Config []struct {
				Subnet string
				Range  string `yaml:"ip_range"`
			}
		}
	}
	Volumes map[string]any
	Secrets map[string]struct{ File string }
}

type service struct {
	Image       string
	Build       struct{ Context, Dockerfile string }
	User        string
	Privileged  bool
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	CapAdd      []string `yaml:"cap_add"`
	SecurityOpt []string `yaml:"security_opt"`
	MemLimit    string   `yaml:"mem_limit"`
	StopGrace   string   `yaml:"stop_grace_period"`
	Environment map[string]string
	Volumes     []string
	Secrets     []string
	Ports       []string
	Networks    attachments
}

// attachments are the networks of a service: names, or a mapping where an address is fixed.
type attachments struct{ Edge struct{ Address string } }

// UnmarshalYAML reads the mapping and passes over names.
func (a *attachments) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	var named map[string]struct {
		Address string `yaml:"ipv4_address"`
	}
	err := n.Decode(&named)
	a.Edge.Address = named["edge"].Address
	return err
}

func composed(t *testing.T) compose {
	t.Helper()
	var c compose
	decode(t, "compose.yaml", &c)
	if len(c.Services) < 5 {
		t.Fatalf("compose.yaml has %d services", len(c.Services))
	}
	return c
}

var ownImage = regexp.MustCompile(`^otpgate:\$\{OTPGATE_VERSION:-[a-z0-9.]+\}$`)

func TestContainersMayDoLittle(t *testing.T) {
	t.Parallel()
	for name, s := range composed(t).Services {
		_, tag, _ := strings.Cut(s.Image[strings.LastIndex(s.Image, "/")+1:], ":")
		if !ownImage.MatchString(s.Image) && (tag == "" || tag == "latest" || !strings.ContainsAny(tag, "0123456789")) {
			t.Errorf("%s: %s names no version", name, s.Image)
		}
		if s.Privileged || !s.ReadOnly || len(s.CapAdd) != 0 || !slices.Equal(s.CapDrop, []string{"ALL"}) ||
			!slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.MemLimit == "" {
			t.Errorf("%s may do more than it needs: %+v", name, s)
		}
		if own := s.Build.Dockerfile != ""; !own && (s.User == "" || strings.HasPrefix(s.User, "0")) {
			t.Errorf("%s runs as %q", name, s.User)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: %s is open to every network of the machine", name, port)
			}
		}
	}
}

func TestWhatIsMountedIsThere(t *testing.T) {
	t.Parallel()
	c, made := composed(t), secrets(t)
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: there is no volume %s", name, source)
				}
				continue
			}
			if _, err := os.Stat(source); err != nil || !strings.HasSuffix(volume, ":ro") {
				t.Errorf("%s: %s has to exist and to be mounted for reading alone (%v)", name, volume, err)
			}
		}
		for _, secret := range s.Secrets {
			if _, ok := c.Secrets[secret]; !ok {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
	}
	for name, secret := range c.Secrets {
		if _, ok := made[name]; !ok || secret.File != "./secrets/"+name {
			t.Errorf("secrets.sh makes no %s for %s", secret.File, name)
		}
	}
	if !strings.Contains(read(t, "../.gitignore"), "/deploy/secrets/\n") {
		t.Error("the secrets could be committed")
	}
}

// gateways are the services that run the image of this tree.
func (c compose) gateways() map[string]service {
	all := maps.Clone(c.Services)
	maps.DeleteFunc(all, func(_ string, s service) bool { return s.Build.Dockerfile == "" })
	return all
}

// Both gateways start: their configuration is good with just the environment and the secrets that they get.
func TestGatewaysOfComposeStart(t *testing.T) {
	t.Parallel()
	c, made := composed(t), secrets(t)
	if n := len(c.gateways()); n < 2 {
		t.Fatalf("%d gateways share the Redis", n)
	}
	for name, s := range c.gateways() {
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Error(err)
		}
		if !slices.Contains(s.Volumes, "./compose:/etc/otpgate:ro") {
			t.Errorf("%s reads its configuration from another folder: %q", name, s.Volumes)
		}
		files := map[string]string{}
		for _, secret := range s.Secrets {
			files["/run/secrets/"+secret] = made[secret]
		}
		loaded := load(t, "compose/config.yaml", s.Environment, files)
		if loaded.Store.Driver != "redis" || !strings.Contains(loaded.Store.Redis.URL, "//redis:6379/") {
			t.Errorf("%s does not keep its verifications on the service redis", name)
		}
		s.fits(t, name, loaded)
		balancer := c.Services["balancer"].Networks.Edge.Address
		if !slices.Equal(loaded.Server.TrustedProxies, []string{balancer}) {
			t.Errorf("%s believes %q, not the balancer at %s", name, loaded.Server.TrustedProxies, balancer)
		}
	}
}

// fits compares what is published, and how long a stop may take, with the configuration.
func (s service) fits(t *testing.T, name string, loaded *config.Config) {
	t.Helper()
	if port(loaded.Server.Listen) != "8080" || len(s.Ports) != 1 ||
		!strings.HasSuffix(s.Ports[0], ":"+port(loaded.Console.Listen)) {
		t.Errorf("%s publishes %q; it should be the console alone", name, s.Ports)
	}
	if grace, err := time.ParseDuration(s.StopGrace); err != nil || grace < 2*loaded.Server.ShutdownGrace {
		t.Errorf("%s is killed after %s, in the midst of its stop (%v)", name, s.StopGrace, err)
	}
}

// The balancer's address is on its network, and no container that starts before it can be given it.
func TestBalancerKeepsItsAddress(t *testing.T) {
	t.Parallel()
	c := composed(t)
	address, err := netip.ParseAddr(c.Services["balancer"].Networks.Edge.Address)
	if err != nil {
		t.Fatal(err)
	}
	network := c.Networks["edge"].IPAM.Config[0]
	if subnet := netip.MustParsePrefix(network.Subnet); !subnet.Contains(address) {
		t.Errorf("%s is not in %s", address, subnet)
	}
	if given := netip.MustParsePrefix(network.Range); given.Contains(address) {
		t.Errorf("%s may be given to another", address)
	}
}

// A Redis that forgets what it should keep lets guessers in.
func TestRedisForgetsNothing(t *testing.T) {
	t.Parallel()
	text := "\n" + read(t, "compose/redis.conf")
	for _, line := range []string{"appendonly yes", "maxmemory-policy noeviction", "appendfsync everysec"} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("redis.conf lacks %q", line)
		}
	}
	c := composed(t)
	if !c.Networks["back"].Internal {
		t.Error("Redis stands on a network that leads out")
	}
	locked := strings.Contains(read(t, "compose.yaml"), "requirepass $$(cat")
	if redis := c.Services["redis"]; len(redis.Ports) != 0 || !locked {
		t.Error("Redis can be reached from outside, or without a password")
	}
}

// The balancer repeats nothing that may have had an effect, and tells gateways who asks.
func TestBalancerIsSafe(t *testing.T) {
	t.Parallel()
	text := read(t, "compose/haproxy.cfg")
	for _, line := range []string{
		"http-check send meth GET uri /readyz", "http-check expect status 200", "retry-on conn-failure",
		"http-request del-header X-Forwarded-For", "option forwardfor", "option http-server-close",
	} {
		if !strings.Contains(text, "    "+line+"\n") {
			t.Errorf("haproxy.cfg lacks %q", line)
		}
	}
	for name := range composed(t).gateways() {
		if server := "server " + name + " " + name + ":8080\n"; !strings.Contains(text, server) {
			t.Errorf("the balancer does not know %s", name)
		}
	}
	if _, ok := paths(t)["/readyz"]; !ok {
		t.Error("the API has no /readyz")
	}
}

// What gateways send goes to a receiver that the collector has.
func TestTelemetryArrives(t *testing.T) {
	t.Parallel()
	var collector struct {
		Receivers struct {
			OTLP struct {
				Protocols map[string]struct{ Endpoint string }
			} `yaml:"otlp"`
		}
		Processors, Exporters map[string]any
		Service               struct {
			Pipelines map[string]struct{ Receivers, Processors, Exporters []string }
		}
	}
	decode(t, "compose/collector.yaml", &collector)
	endpoint := composed(t).Services["gateway-1"].Environment["OTLP_ENDPOINT"]
	if "http://collector:"+port(collector.Receivers.OTLP.Protocols["http"].Endpoint) != endpoint {
		t.Errorf("gateways send to %s, and the collector listens elsewhere", endpoint)
	}
	for name, pipeline := range collector.Service.Pipelines {
		for _, p := range pipeline.Processors {
			if _, ok := collector.Processors[p]; !ok {
				t.Errorf("pipeline %s: there is no processor %s", name, p)
			}
		}
		for _, e := range pipeline.Exporters {
			if _, ok := collector.Exporters[e]; !ok {
				t.Errorf("pipeline %s: there is no exporter %s", name, e)
			}
		}
	}
	if _, ok := collector.Service.Pipelines["traces"]; !ok {
		t.Error("traces are dropped")
	}
}

func TestPrometheusAsksEveryGateway(t *testing.T) {
	t.Parallel()
	var prometheus struct {
		Scrape []struct {
			Authorization struct {
				File string `yaml:"credentials_file"`
			}
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
		Rules []string `yaml:"rule_files"`
	}
	decode(t, "compose/prometheus.yaml", &prometheus)
	for _, rule := range prometheus.Rules {
		mount := "./prometheus/alerts.yaml:" + rule + ":ro"
		if !slices.Contains(composed(t).Services["prometheus"].Volumes, mount) {
			t.Errorf("%s is not mounted", rule)
		}
	}
	scrape := prometheus.Scrape[0]
	if want := []string{"gateway-1:8081", "gateway-2:8081"}; !slices.Equal(scrape.Static[0].Targets, want) ||
		scrape.Authorization.File != "/run/secrets/console_token" {
		t.Errorf("Prometheus asks %q with %s", scrape.Static[0].Targets, scrape.Authorization.File)
	}
}
