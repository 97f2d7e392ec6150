package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/world/boot/kernels"
	"github.com/gpstorm/gpstorm/world/boot/module"
)

// Kernel is a subject of this world: a kernel image and boot options.
type Kernel struct {
	Name string
	// Version is the version of a stock kernel, Path the path of the user's image. One
	// of them is set.
	Version, Path string
	// Fix is a candidate that a module adds to the kernel; empty if there is none.
	// Module is the path of that module; empty for the one built for the version.
	Fix, Module string
	Options     []string // OPTION=VALUE
}

var kernelName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,39}$`)

// ParseKernel parses NAME=VERSION or NAME=PATH, followed by boot options
// OPTION=VALUE, separated by commas. A text with a slash is a path. The options
// fix=CANDIDATE and module=PATH are not passed to the kernel.
func ParseKernel(text string) (Kernel, error) {
	name, rest, ok := strings.Cut(text, "=")
	parts := strings.Split(rest, ",")
	k := Kernel{Name: name}
	image := parts[0]
	switch {
	case !ok || image == "":
		return Kernel{}, fmt.Errorf("kernel: %.60q: want NAME=VERSION or NAME=PATH, then boot options: base=7.0.13 or mine=./bzImage,rcutree.kthread_prio=50", text)
	case !kernelName.MatchString(name):
		return Kernel{}, fmt.Errorf("kernel: %.60q: want a name of a small letter, then up to 39 small letters, digits, '.', '_', '-'", name)
	case strings.ContainsRune(image, filepath.Separator):
		k.Path = image
	default:
		if err := kernels.CheckVersion(image); err != nil {
			return Kernel{}, fmt.Errorf("%w, or a path with a slash", err)
		}
		k.Version = image
	}
	for _, o := range parts[1:] {
		option, value, ok := strings.Cut(o, "=")
		if !ok || option == "" || strings.ContainsAny(o, " \t\n\"") {
			return Kernel{}, fmt.Errorf("kernel %s: option %.60q: want OPTION=VALUE without spaces", name, o)
		}
		if slices.Contains(owned, option) {
			return Kernel{}, fmt.Errorf("kernel %s: option %s: want it in the scenario: all kernels of a comparison have the same", name, option)
		}
		switch option {
		case "fix":
			k.Fix = value
		case "module":
			k.Module = value
		default:
			k.Options = append(k.Options, o)
		}
	}
	return k, k.checkFix()
}

// checkFix reports a candidate that no module can add to the kernel.
func (k *Kernel) checkFix() error {
	switch {
	case k.Fix == "" && k.Module != "":
		return fmt.Errorf("kernel %s: module: %s: want a fix=CANDIDATE beside it", k.Name, k.Module)
	case k.Fix == "":
		return nil
	case k.Version == "" && k.Module == "":
		return fmt.Errorf("kernel %s: fix: %s: want module=PATH beside it, the module built for %s", k.Name, k.Fix, k.Path)
	}
	var names []string
	for _, c := range module.Candidates {
		names = append(names, c.Name)
	}
	if !slices.Contains(names, k.Fix) {
		return fmt.Errorf("kernel %s: %w", k.Name, named.Unknown("fix", k.Fix, "a candidate of the module", names))
	}
	return nil
}

// owned are the boot options that scenarios set.
var owned = []string{"preempt", "rcupdate.rcu_normal", "rcupdate.rcu_expedited", "srcutree.exp_holdoff", "console", "maxcpus", "nr_cpus"}

// broken reports whether the kernel has a broken candidate, which the campaign must
// detect.
func (k *Kernel) broken() bool {
	return slices.ContainsFunc(module.Candidates, func(c module.Candidate) bool { return c.Broken && c.Name == k.Fix })
}

// about describes the kernel in one line.
func (k *Kernel) about() string {
	what := "Linux " + k.Version + " as Debian builds it"
	if k.Path != "" {
		what = k.Path
	}
	parts := []string{what}
	for _, c := range module.Candidates {
		if c.Name == k.Fix {
			parts = append(parts, c.Name+" by a module: "+c.About)
		}
	}
	return strings.Join(append(parts, k.Options...), ", ")
}

// checkImage reports a file that is not a bzImage: one without the header of the x86
// boot protocol (Documentation/arch/x86/boot.rst).
func checkImage(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0x202); err != nil || string(magic[:]) != "HdrS" {
		return fmt.Errorf("%s: not a kernel image: want a bzImage of x86", path)
	}
	return nil
}
