//go:build deploy

package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// chart is the folder of the Helm chart.
const chart = "helm/salon"

// run runs a tool and fails the test when the tool fails.
func run(t *testing.T, stdin []byte, command ...string) []byte {
	t.Helper()
	output, err := try(t.Context(), stdin, command...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, output)
	}
	return output
}

// try runs a tool. It returns the standard output, and when the tool fails also the standard error.
func try(ctx context.Context, stdin []byte, command ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return append(stdout.Bytes(), stderr.Bytes()...), err
	}
	return stdout.Bytes(), nil
}

// template renders the chart.
func template(t *testing.T, args ...string) []byte {
	t.Helper()
	return run(t, nil, append([]string{"../bin/helm", "template", "salon", chart}, args...)...)
}

// container is what the tests look at in a pod.
type container struct {
	Name string   `yaml:"name"`
	Args []string `yaml:"args"`
	Env  []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	Ports []struct {
		Name string `yaml:"name"`
		Port int    `yaml:"containerPort"`
	} `yaml:"ports"`
	StartupProbe    *probe `yaml:"startupProbe"`
	LivenessProbe   *probe `yaml:"livenessProbe"`
	ReadinessProbe  *probe `yaml:"readinessProbe"`
	SecurityContext struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct {
			Drop []string `yaml:"drop"`
		} `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Resources struct {
		Requests map[string]string `yaml:"requests"`
		Limits   map[string]string `yaml:"limits"`
	} `yaml:"resources"`
}

type probe struct {
	HTTPGet struct {
		Path string `yaml:"path"`
		Port string `yaml:"port"`
	} `yaml:"httpGet"`
}

// object is what the tests look at in a resource.
type object struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name        string            `yaml:"name"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Spec struct {
		Replicas *int `yaml:"replicas"`
		Template struct {
			Spec struct {
				Automount       *bool `yaml:"automountServiceAccountToken"`
				Grace           int   `yaml:"terminationGracePeriodSeconds"`
				SecurityContext struct {
					NonRoot bool `yaml:"runAsNonRoot"`
					Seccomp struct {
						Type string `yaml:"type"`
					} `yaml:"seccompProfile"`
				} `yaml:"securityContext"`
				Spread     []any       `yaml:"topologySpreadConstraints"`
				Containers []container `yaml:"containers"`
				Volumes    []struct {
					Secret struct {
						Name  string `yaml:"secretName"`
						Items []struct {
							Key string `yaml:"key"`
						} `yaml:"items"`
					} `yaml:"secret"`
				} `yaml:"volumes"`
			} `yaml:"spec"`
		} `yaml:"template"`
		ClusterIP string `yaml:"clusterIP"`
		Ingress   []struct {
			Ports []struct {
				Port any `yaml:"port"`
			} `yaml:"ports"`
			From []struct {
				PodSelector struct {
					Labels      map[string]string `yaml:"matchLabels"`
					Expressions []struct {
						Values []string `yaml:"values"`
					} `yaml:"matchExpressions"`
				} `yaml:"podSelector"`
			} `yaml:"from"`
		} `yaml:"ingress"`
	} `yaml:"spec"`
}

// objects are those of a rendered chart, by kind and name.
func objects(t *testing.T, rendered []byte) map[string]object {
	t.Helper()
	all := map[string]object{}
	for decoder := yaml.NewDecoder(bytes.NewReader(rendered)); ; {
		// Decoded twice, because one type cannot fit the ingress of an Ingress and of a NetworkPolicy.
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		var o object
		if err := node.Decode(&o); err != nil {
			t.Fatalf("%s %s: %v", o.Kind, o.Metadata.Name, err)
		}
		if o.Kind != "" {
			all[o.Kind+"/"+o.Metadata.Name] = o
		}
	}
}

// TestChart lints the chart and checks everything that it renders against the schemas of Kubernetes, for each file of values.
func TestChart(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(chart + "/ci/*-values.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("files of values: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			run(t, nil, "../bin/helm", "lint", "--strict", chart, "-f", file)
			for _, mode := range []string{"all-in-one", "distributed"} {
				rendered := template(t, "-f", file, "--set", "mode="+mode)
				// The schemas of the operators' resources are not to be had from a package.
				run(t, rendered, "../bin/kubeconform", "-strict", "-skip", "Cluster,PodMonitor,PrometheusRule",
					"-schema-location", "../.build/kubernetes-schemas/{{.ResourceKind}}{{.KindSuffix}}.json")
				checkPods(t, objects(t, rendered))
			}
		})
	}
}

// The check of the schemas is one only if it fails.
func TestSchemasAreStrict(t *testing.T) {
	t.Parallel()
	rendered := template(t, "-f", chart+"/ci/distributed-values.yaml")
	for old, wrong := range map[string]string{
		"runAsNonRoot: true": "runAsNonroot: true", "replicas: 2": `replicas: "2"`, "apiVersion: policy/v1": "apiVersion: policy/v1beta1",
	} {
		bad := bytes.ReplaceAll(rendered, []byte(old), []byte(wrong))
		if bytes.Equal(bad, rendered) {
			t.Errorf("the chart has no %s", old)
		}
		output, err := try(t.Context(), bad, "../bin/kubeconform", "-strict", "-schema-location", "../.build/kubernetes-schemas/{{.ResourceKind}}{{.KindSuffix}}.json")
		if err == nil {
			t.Errorf("%s is accepted: %s", wrong, output)
		}
	}
}

// checkPods checks what every pod of Salon must have.
func checkPods(t *testing.T, all map[string]object) {
	t.Helper()
	settings := map[string][]string{"serve": known(t, "serve"), "migrate": known(t, "migrate")}
	count := 0
	for name, o := range all {
		if o.Kind != "Deployment" && o.Kind != "Job" {
			continue
		}
		pod := o.Spec.Template.Spec
		if !pod.SecurityContext.NonRoot || pod.SecurityContext.Seccomp.Type != "RuntimeDefault" || pod.Automount == nil || *pod.Automount {
			t.Errorf("%s: %+v, token %v", name, pod.SecurityContext, pod.Automount)
		}
		for _, c := range pod.Containers {
			s := c.SecurityContext
			if !s.ReadOnly || s.Escalation == nil || *s.Escalation || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
				t.Errorf("%s: %+v", name, s)
			}
			if c.Resources.Limits["memory"] == "" || c.Resources.Requests["cpu"] == "" {
				t.Errorf("%s: resources %+v", name, c.Resources)
			}
			if c.Name == "redis" {
				continue
			}
			count++
			for _, v := range c.Env {
				if strings.HasPrefix(v.Name, "SALON_") && !slices.Contains(settings[c.Args[0]], v.Name) {
					t.Errorf("%s gets %s, which `salon %s` does not know", name, v.Name, c.Args[0])
				}
				if (strings.Contains(v.Name, "SECRET") || strings.Contains(v.Name, "PASSWORD")) && !strings.HasPrefix(v.Value, "file:/etc/salon/secrets/") {
					t.Errorf("%s has a secret in its environment: %s", name, v.Name)
				}
			}
			if o.Kind == "Deployment" {
				checkServing(t, name, o, c)
			}
		}
	}
	if count < 2 {
		t.Errorf("the chart has %d kinds of pods", count)
	}
}

// checkServing checks a container that runs `salon serve`.
func checkServing(t *testing.T, name string, o object, c container) {
	t.Helper()
	for probe, want := range map[*probe]string{c.StartupProbe: "/livez", c.LivenessProbe: "/livez", c.ReadinessProbe: "/readyz"} {
		if probe == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port != "internal" {
			t.Errorf("%s: probe %+v, want %s", name, probe, want)
		}
	}
	ports := map[string]int{}
	for _, port := range c.Ports {
		ports[port.Name] = port.Port
	}
	if ports["internal"] != 9091 {
		t.Errorf("%s: ports %v", name, ports)
	}
	// As in values.yaml: 10 s and 20 s.
	if o.Spec.Template.Spec.Grace <= 30 {
		t.Errorf("%s is killed after %d s", name, o.Spec.Template.Spec.Grace)
	}
	if len(o.Spec.Template.Spec.Spread) != 2 {
		t.Errorf("%s is not spread", name)
	}
}

// TestChartDistributed: callers see all copies of a service, and nobody else reaches their ports.
func TestChartDistributed(t *testing.T) {
	t.Parallel()
	all := objects(t, template(t, "-f", chart+"/ci/distributed-values.yaml"))
	for _, name := range processes {
		for _, kind := range []string{"Deployment", "PodDisruptionBudget", "NetworkPolicy"} {
			if _, ok := all[kind+"/salon-"+name]; !ok {
				t.Errorf("%s has no %s", name, kind)
			}
		}
		var keys []string
		for _, item := range all["Deployment/salon-"+name].Spec.Template.Spec.Volumes[0].Secret.Items {
			keys = append(keys, item.Key)
		}
		if slices.Contains(keys, "database-url") == (name == "gateway") || slices.Contains(keys, "database-admin-url") || !slices.Contains(keys, "secret-key") {
			t.Errorf("%s may read %v", name, keys)
		}
		if name == "gateway" {
			continue
		}
		service, ok := all["Service/salon-"+name]
		if !ok || service.Spec.ClusterIP != "None" {
			t.Errorf("%s: service %+v", name, service)
		}
		for _, c := range processes {
			for _, v := range all["Deployment/salon-"+c].Spec.Template.Spec.Containers[0].Env {
				if v.Name == "SALON_"+strings.ToUpper(name)+"_TARGET" && v.Value != "salon-"+name+":9100" {
					t.Errorf("%s calls %s at %s", c, name, v.Value)
				}
			}
		}
		for _, rule := range all["NetworkPolicy/salon-"+name].Spec.Ingress {
			for _, port := range rule.Ports {
				switch port.Port {
				case "rpc":
					if len(rule.From) != 1 || rule.From[0].PodSelector.Labels["app.kubernetes.io/instance"] != "salon" ||
						!slices.Contains(rule.From[0].PodSelector.Expressions[0].Values, "gateway") {
						t.Errorf("%s can be called by %+v", name, rule.From)
					}
				case "internal":
					if len(rule.From) == 0 {
						t.Errorf("everybody may read the metrics of %s", name)
					}
				default:
					t.Errorf("%s is open at %v", name, port.Port)
				}
			}
		}
	}
	migrate := all["Job/salon-migrate"]
	if migrate.Metadata.Annotations["helm.sh/hook"] != "pre-install,pre-upgrade" {
		t.Errorf("the migrations run at %v", migrate.Metadata.Annotations)
	}
}

// TestChartDerivedSecrets: every pod may read its own secrets and not the key that all are made from, which the migrations need.
func TestChartDerivedSecrets(t *testing.T) {
	t.Parallel()
	for mode, components := range map[string][]string{"distributed": processes, "all-in-one": {"all"}} {
		all := objects(t, template(t, "-f", chart+"/ci/distributed-values.yaml", "--set", "mode="+mode, "--set", "derivedSecrets=true", "--set", "previousSecretKey=true"))
		for _, name := range components {
			spec := all["Deployment/salon-"+name].Spec.Template.Spec
			for _, item := range spec.Volumes[0].Secret.Items {
				if strings.HasPrefix(item.Key, "secret-key") || strings.HasPrefix(item.Key, "derived-") && item.Key != "derived-"+name {
					t.Errorf("%s may read %s", name, item.Key)
				}
			}
			given := map[string]string{}
			for _, v := range spec.Containers[0].Env {
				given[v.Name] = v.Value
			}
			_, key := given["SALON_SECRET_KEY"]
			_, previous := given["SALON_SECRET_KEY_PREVIOUS"]
			if given["SALON_DERIVED_SECRETS"] != "file:/etc/salon/secrets/derived-"+name || key || previous {
				t.Errorf("%s gets %v", name, given)
			}
		}
		var keys []string
		for _, item := range all["Job/salon-migrate"].Spec.Template.Spec.Volumes[0].Secret.Items {
			keys = append(keys, item.Key)
		}
		if !slices.Contains(keys, "secret-key") {
			t.Errorf("the migrations may read %v", keys)
		}
	}
}

// TestChartValues: values that nobody can mean are refused, before anything is installed.
func TestChartValues(t *testing.T) {
	t.Parallel()
	for wrong, want := range map[string]string{
		"existingSecret=":                       "existingSecret: name the Secret",
		"mode=many":                             "mode",
		"repliccas=3":                           "repliccas",
		"components.cash.replicas=3":            "cash",
		"components.user.replicas=0":            "replicas",
		"database.url=mysql://db":               "url",
		"database.maxConns=2":                   "maxConns",
		"nats.replicas=2":                       "replicas",
		"gateway.trustedProxies={10.0.0.1}":     "trustedProxies",
		"gateway.ingress.enabled=true":          "gateway.ingress.host",
		"database.cluster.enabled=true":         "superuserSecret",
		"podDisruptionBudget.maxUnavailable=0":  "maxUnavailable",
		"autoscaling.maxReplicas=none":          "maxReplicas",
		"topologySpread.whenUnsatisfiable=Cry":  "whenUnsatisfiable",
		"networkPolicy.egress.database.port=-1": "port",
	} {
		output, err := try(t.Context(), nil, "../bin/helm", "template", "salon", chart, "--set", "existingSecret=salon", "--set", wrong)
		if err == nil || !strings.Contains(string(output), want) {
			t.Errorf("%s: %v, %.300s", wrong, err, output)
		}
	}
}

// TestChartReadme: the table of values has every value, with its default.
func TestChartReadme(t *testing.T) {
	t.Parallel()
	readme := string(read(t, chart+"/README.md"))
	var values map[string]any
	if err := yaml.Unmarshal(read(t, chart+"/values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	for name := range values {
		if !strings.Contains(readme, "| `"+name+"`") && !strings.Contains(readme, "| `"+name+".") {
			t.Errorf("README.md has no row for %s", name)
		}
	}
}
