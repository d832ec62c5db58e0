package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// manifest is what the tests want to know of any object of Kubernetes.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Replicas int
		Strategy struct {
			RollingUpdate struct {
				MaxUnavailable int `yaml:"maxUnavailable"`
			} `yaml:"rollingUpdate"`
		}
		Template       struct{ Spec pod }
		MaxUnavailable int    `yaml:"maxUnavailable"`
		ClusterIP      string `yaml:"clusterIP"`
		Ports          []servicePort
		PolicyTypes    []string `yaml:"policyTypes"`
		Ingress        []struct{ Ports []policyPort }
		Egress         []any
	}
}

type servicePort struct {
	Port       int
	TargetPort string `yaml:"targetPort"`
}

type policyPort struct{ Port string }

type pod struct {
	Automount *bool `yaml:"automountServiceAccountToken"`
	Grace     int   `yaml:"terminationGracePeriodSeconds"`
	Security  struct {
		RunAsNonRoot bool                  `yaml:"runAsNonRoot"`
		RunAsUser    int                   `yaml:"runAsUser"`
		FSGroup      int                   `yaml:"fsGroup"`
		Seccomp      struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Spread     []any          `yaml:"topologySpreadConstraints"`
	Affinity   map[string]any `yaml:"affinity"`
	Containers []container
	Volumes    []struct {
		Name      string
		ConfigMap struct{ Name string } `yaml:"configMap"`
		Secret    struct {
			Name string `yaml:"secretName"`
			Mode int    `yaml:"defaultMode"`
		}
	}
}

type container struct {
	Args  []string
	Env   []struct{ Name, Value string }
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	Startup   probe `yaml:"startupProbe"`
	Readiness probe `yaml:"readinessProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Lifecycle struct {
		PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
	}
	Resources struct {
		Requests, Limits map[string]string
	}
	Security struct {
		Escalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly   bool  `yaml:"readOnlyRootFilesystem"`
		Privileged bool
		Caps       struct{ Drop, Add []string } `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name     string
		Path     string `yaml:"mountPath"`
		SubPath  string `yaml:"subPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTP struct{ Path, Port string } `yaml:"httpGet"`
}

const base = "kubernetes"

// manifests are all objects that the base lists, by kind and name.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	var list struct{ Resources []string }
	decode(t, filepath.Join(base, "kustomization.yaml"), &list)
	all := map[string]manifest{}
	for _, file := range list.Resources {
		var m manifest
		decode(t, filepath.Join(base, file), &m)
		all[m.Kind+"/"+m.Metadata.Name] = m
	}
	return all
}

func gatewayPod(t *testing.T) (pod, container) {
	t.Helper()
	p := manifests(t)["Deployment/otpgate"].Spec.Template.Spec
	if len(p.Containers) != 1 {
		t.Fatalf("the pod has %d containers", len(p.Containers))
	}
	return p, p.Containers[0]
}

func TestBaseListsEveryManifest(t *testing.T) {
	t.Parallel()
	var list struct {
		Resources          []string
		ConfigMapGenerator []struct{ Files []string } `yaml:"configMapGenerator"`
		Options            struct {
			NoHash bool `yaml:"disableNameSuffixHash"`
		} `yaml:"generatorOptions"`
	}
	decode(t, filepath.Join(base, "kustomization.yaml"), &list)
	listed := append(slices.Clone(list.Resources), list.ConfigMapGenerator[0].Files...)
	entries, err := os.ReadDir(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "kustomization.yaml" && !slices.Contains(listed, name) {
			t.Errorf("%s is listed nowhere", name)
		}
	}
	if !list.Options.NoHash {
		t.Error("with a hash in its name a changed configuration is another object, which running gateways never see")
	}
}

func TestPodMayDoLittle(t *testing.T) {
	t.Parallel()
	p, c := gatewayPod(t)
	s := c.Security
	if !p.Security.RunAsNonRoot || p.Security.RunAsUser != 65532 || p.Security.Seccomp.Type != "RuntimeDefault" ||
		p.Automount == nil || *p.Automount {
		t.Errorf("the pod: %+v", p.Security)
	}
	if s.Escalation == nil || *s.Escalation || !s.ReadOnly || s.Privileged || len(s.Caps.Add) != 0 ||
		!slices.Equal(s.Caps.Drop, []string{"ALL"}) {
		t.Errorf("the container: %+v", s)
	}
	if c.Resources.Requests["cpu"] == "" || c.Resources.Requests["memory"] == "" || c.Resources.Limits["memory"] == "" {
		t.Errorf("resources: %+v", c.Resources)
	}
	policy := manifests(t)["NetworkPolicy/otpgate"].Spec
	if !slices.Equal(policy.PolicyTypes, []string{"Ingress", "Egress"}) || len(policy.Egress) == 0 {
		t.Errorf("the network policy leaves something open: %+v", policy)
	}
}

func TestPodsOutliveTheLossOfANode(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	p, _ := gatewayPod(t)
	d := all["Deployment/otpgate"].Spec
	if d.Replicas < 2 || len(p.Spread) == 0 || p.Affinity["podAntiAffinity"] == nil {
		t.Errorf("%d gateways, which may all stand on one node", d.Replicas)
	}
	if d.Strategy.RollingUpdate.MaxUnavailable != 0 || all["PodDisruptionBudget/otpgate"].Spec.MaxUnavailable != 1 {
		t.Error("an update or a drain may take more than one gateway away")
	}
}

// mounted are the folders of the pod's volumes, by name.
func mounted(t *testing.T, c container) map[string]string {
	t.Helper()
	folders := map[string]string{}
	for _, mount := range c.Mounts {
		folders[mount.Name] = mount.Path
		if mount.SubPath != "" {
			t.Errorf("%s is mounted by subPath: it would never change", mount.Name)
		}
	}
	return folders
}

// podSecrets are the secret files of the pod, by path, as secrets.sh makes them.
func podSecrets(t *testing.T, p pod, folders map[string]string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, volume := range p.Volumes {
		if volume.Secret.Name == "" {
			continue
		}
		for name, text := range secrets(t) {
			files[folders[volume.Name]+"/"+name] = text
		}
		if volume.Secret.Mode != 0o440 || p.Security.FSGroup != p.Security.RunAsUser {
			t.Error("the gateway has to be able to read its secrets, and others must not")
		}
	}
	return files
}

func TestPodMountsWhatItReads(t *testing.T) {
	t.Parallel()
	p, c := gatewayPod(t)
	folders, configured := mounted(t, c), false
	for _, volume := range p.Volumes {
		if folders[volume.Name] == "" {
			t.Errorf("the volume %s is not mounted", volume.Name)
		}
		configured = configured ||
			volume.ConfigMap.Name == "otpgate" && c.Args[len(c.Args)-1] == folders[volume.Name]+"/config.yaml"
	}
	if !configured || len(folders) != len(p.Volumes) {
		t.Errorf("%q is not what is mounted at %q", c.Args, folders)
	}
}

// The configuration that the pod mounts is good with just its environment and its secrets, and ports and times are those
// of that configuration.
func TestPodFitsItsConfiguration(t *testing.T) {
	t.Parallel()
	p, c := gatewayPod(t)
	env, ports := map[string]string{}, map[string]string{}
	for _, variable := range c.Env {
		env[variable.Name] = variable.Value
	}
	for _, port := range c.Ports {
		ports[port.Name] = strconv.Itoa(port.ContainerPort)
	}
	loaded := load(t, filepath.Join(base, "config.yaml"), env, podSecrets(t, p, mounted(t, c)))
	if loaded.Store.Driver != "redis" {
		t.Error("gateways that share nothing do not know each other's references")
	}
	if ports["api"] != port(loaded.Server.Listen) || ports["metrics"] != port(loaded.Console.Listen) {
		t.Errorf("ports %q, and the configuration has %s and %s", ports, loaded.Server.Listen, loaded.Console.Listen)
	}
	sleep := c.Lifecycle.PreStop.Sleep.Seconds
	stop := 2*loaded.Server.ShutdownGrace + time.Duration(sleep)*time.Second
	if sleep == 0 || stop >= time.Duration(p.Grace)*time.Second {
		t.Errorf("a stop may take %s, and is cut off after %d s", stop, p.Grace)
	}
}

func TestProbesAskWhatTheAPIHas(t *testing.T) {
	t.Parallel()
	_, c := gatewayPod(t)
	known := paths(t)
	for name, test := range map[string]struct {
		probe probe
		path  string
	}{
		"startup": {c.Startup, "/readyz"}, "readiness": {c.Readiness, "/readyz"},
		// A store that is away is no reason to kill a gateway.
		"liveness": {c.Liveness, "/healthz"},
	} {
		if got := test.probe.HTTP; got.Path != test.path || got.Port != "api" || known[got.Path] == nil {
			t.Errorf("%s asks %+v, not %s", name, got, test.path)
		}
	}
}

// Console and metrics are for operators: the Service of the API does not lead there.
func TestMetricsAreNotPublic(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	for name, target := range map[string]string{"Service/otpgate": "api", "Service/otpgate-metrics": "metrics"} {
		if ports := all[name].Spec.Ports; len(ports) != 1 || ports[0].TargetPort != target {
			t.Errorf("%s leads to %+v, not to %s alone", name, ports, target)
		}
	}
	if all["Service/otpgate-metrics"].Spec.ClusterIP != "None" {
		t.Error("metrics of one gateway would be taken for those of another")
	}
	for _, rule := range all["NetworkPolicy/otpgate"].Spec.Ingress {
		if len(rule.Ports) != 1 {
			t.Errorf("one rule opens %+v: whoever may call the API could see the console", rule.Ports)
		}
	}
}

func TestBaseHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for name := range manifests(t) {
		if strings.HasPrefix(name, "Secret/") {
			t.Errorf("%s: secrets have no place in a repository", name)
		}
	}
}
