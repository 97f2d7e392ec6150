package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The command lines of the manifests and scripts in deploy are command lines of this
// program.
func TestDeployedCommandLinesExist(t *testing.T) {
	t.Parallel()
	var lines [][]string
	paths, err := filepath.Glob("../deploy/kubernetes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(b), "\n---\n") {
			var o struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct {
								Image string   `yaml:"image"`
								Args  []string `yaml:"args"`
							} `yaml:"containers"`
						} `yaml:"spec"`
					} `yaml:"template"`
				} `yaml:"spec"`
			}
			if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, c := range o.Spec.Template.Spec.Containers {
				if c.Image != "gpstorm" {
					continue
				}
				for i, arg := range c.Args { // a path of the container
					c.Args[i] = strings.Replace(arg, "/results/", t.TempDir()+"/", 1)
				}
				lines = append(lines, c.Args)
			}
		}
	}
	script, err := os.ReadFile("../deploy/slurm/workers.sbatch")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(script)) {
		if args, ok := strings.CutPrefix(line, "exec gpstorm "); ok {
			args = strings.NewReplacer(`"$GPSTORM_NATS"`, "tls://queue:4222", `"${SLURM_CPUS_PER_TASK:-1}"`, "8", `"`, "").Replace(args)
			lines = append(lines, strings.Fields(args))
		}
	}
	if len(lines) != 3 {
		t.Fatalf("%d command lines, want those of workers, of a coordinator and of a job array", len(lines))
	}
	for _, args := range lines {
		cmd, rest, err := commands(t).Find(args)
		if err != nil || cmd.Name() != args[0] {
			t.Errorf("%q: %v", args, err)
			continue
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
