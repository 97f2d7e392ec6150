package check

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the objects that the manifests may contain.
var kinds = map[string]func() any{
	"apps/v1 Deployment":       func() any { return new(apps.Deployment) },
	"apps/v1 StatefulSet":      func() any { return new(apps.StatefulSet) },
	"batch/v1 Job":             func() any { return new(batch.Job) },
	"v1 ConfigMap":             func() any { return new(core.ConfigMap) },
	"v1 PersistentVolumeClaim": func() any { return new(core.PersistentVolumeClaim) },
	"v1 Service":               func() any { return new(core.Service) },
}

// decode reads the objects of a manifest. It refuses fields that the API does not have.
func decode(t *testing.T, text []byte) (all []any, err error) {
	t.Helper()
	for _, doc := range bytes.Split(text, []byte("\n---\n")) {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal(doc, &kind); err != nil {
			return nil, err
		}
		make, ok := kinds[kind.APIVersion+" "+kind.Kind]
		if !ok {
			t.Fatalf("%s %s: want one of %v", kind.APIVersion, kind.Kind, slices.Sorted(maps.Keys(kinds)))
		}
		o := make()
		if err := yaml.UnmarshalStrict(doc, o); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// manifests are the objects of all files by kind and name.
func manifests(t *testing.T) (texts map[string][]byte, all []any) {
	t.Helper()
	paths, err := filepath.Glob("../*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	texts = map[string][]byte{}
	for _, path := range paths {
		if texts[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		objects, err := decode(t, texts[path])
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		all = append(all, objects...)
	}
	return texts, all
}

func TestManifestsAreOfTheAPI(t *testing.T) {
	texts, _ := manifests(t)
	// The check sees a field that is misspelt, and one of the wrong type.
	for _, change := range [][2]string{{"replicas: ", "replicass: "}, {"containerPort: 4222", "containerPort: client"}, {"restartPolicy:", "restartpolicies:"}} {
		seen := false
		for _, text := range texts {
			bad := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(bad, text) {
				continue
			}
			seen = true
			if _, err := decode(t, bad); err == nil {
				t.Errorf("%s for %s is not seen", change[1], change[0])
			}
		}
		if !seen {
			t.Errorf("%s is in no manifest", change[0])
		}
	}
}

// What refers to another object by its name names one that is there.
func TestManifestsReferToWhatIsThere(t *testing.T) {
	_, all := manifests(t)
	claims, maps, services := map[string]bool{}, map[string]bool{}, map[string]map[string]string{}
	var pods []core.PodTemplateSpec
	for _, o := range all {
		switch o := o.(type) {
		case *core.PersistentVolumeClaim:
			claims[o.Name] = true
		case *core.ConfigMap:
			maps[o.Name] = true
		case *core.Service:
			services[o.Name] = o.Spec.Selector
		case *apps.Deployment:
			selects(t, o.Name, o.Spec.Selector, o.Spec.Template.Labels)
			pods = append(pods, o.Spec.Template)
		case *apps.StatefulSet:
			selects(t, o.Name, o.Spec.Selector, o.Spec.Template.Labels)
			if s := services[o.Spec.ServiceName]; s == nil || s["app"] != o.Spec.Template.Labels["app"] {
				t.Errorf("%s: service %s: want one of these pods", o.Name, o.Spec.ServiceName)
			}
			for _, c := range o.Spec.VolumeClaimTemplates {
				o.Spec.Template.Spec.Volumes = append(o.Spec.Template.Spec.Volumes, core.Volume{Name: c.Name})
			}
			pods = append(pods, o.Spec.Template)
		case *batch.Job:
			pods = append(pods, o.Spec.Template)
		}
	}
	if len(pods) < 3 {
		t.Fatalf("%d kinds of pods, want servers, workers and a coordinator", len(pods))
	}
	for _, p := range pods {
		volumes := map[string]bool{}
		for _, v := range p.Spec.Volumes {
			volumes[v.Name] = true
			if c := v.PersistentVolumeClaim; c != nil && !claims[c.ClaimName] {
				t.Errorf("claim %s is not there", c.ClaimName)
			}
			if c := v.ConfigMap; c != nil && !maps[c.Name] {
				t.Errorf("config map %s is not there", c.Name)
			}
		}
		for _, c := range p.Spec.Containers {
			for _, m := range c.VolumeMounts {
				if !volumes[m.Name] {
					t.Errorf("%s: volume %s is not there", c.Name, m.Name)
				}
			}
			for i, arg := range c.Args {
				if host, ok := strings.CutPrefix(arg, "nats://"); ok && c.Args[i-1] == "--nats" && services[strings.Split(host, ":")[0]] == nil {
					t.Errorf("%s: service %s is not there", c.Name, host)
				}
			}
		}
	}
}

func selects(t *testing.T, name string, s *meta.LabelSelector, labels map[string]string) {
	t.Helper()
	for k, v := range s.MatchLabels {
		if labels[k] != v {
			t.Errorf("%s: its pods have no label %s=%s", name, k, v)
		}
	}
}
