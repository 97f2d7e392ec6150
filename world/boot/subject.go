package boot

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
		return Kernel{}, named.Wrong("kernel", text, "NAME=VERSION or NAME=PATH, then boot options: base=7.0.13 or mine=./bzImage,rcutree.kthread_prio=50")
	case !kernelName.MatchString(name):
		return Kernel{}, named.Wrong("kernel", name, "a name of a small letter, then up to 39 small letters, digits, '.', '_', '-'")
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
			return Kernel{}, named.Wrong("kernel", o, "OPTION=VALUE without spaces")
		}
		if slices.Contains(owned, option) {
			return Kernel{}, named.Wrong("kernel", o, "it in the scenario: all kernels of a comparison have the same")
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
		return named.Wrong("kernel", "module="+k.Module, "a fix=CANDIDATE beside it")
	case k.Fix == "":
		return nil
	case k.Version == "" && k.Module == "":
		return named.Wrong("kernel", "fix="+k.Fix, "module=PATH beside it, the module built for %s", k.Path)
	}
	var names []string
	for _, c := range module.Candidates {
		names = append(names, c.Name)
	}
	if !slices.Contains(names, k.Fix) {
		return named.Wrong("kernel", "fix="+k.Fix, "%s", named.Want(k.Fix, "a candidate of the module", names))
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

// String is the text that ParseKernel reads as this kernel.
func (k *Kernel) String() string {
	parts := []string{k.Name + "=" + k.Version + k.Path}
	if k.Fix != "" {
		parts = append(parts, "fix="+k.Fix)
	}
	if k.Module != "" {
		parts = append(parts, "module="+k.Module)
	}
	return strings.Join(append(parts, k.Options...), ",")
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

// CheckFiles reports an image or a module of the user's that cannot be one.
func (k *Kernel) CheckFiles() error {
	if k.Path != "" {
		if err := checkImage(k.Path); err != nil {
			return named.Wrong("kernel", k.Path, "a bzImage of x86: %s", cause(err))
		}
	}
	if k.Module != "" {
		if err := checkMagic(k.Module, 0, elf.ELFMAG); err != nil {
			return named.Wrong("kernel", "module="+k.Module, "a kernel module: %s", cause(err))
		}
	}
	return nil
}

// cause is the error without the path of the file.
func cause(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// checkImage reports a file that is not a bzImage: one without the header of the x86
// boot protocol (Documentation/arch/x86/boot.rst).
func checkImage(path string) error { return checkMagic(path, 0x202, "HdrS") }

// checkMagic reports a file that does not have a text at an offset.
func checkMagic(path string, offset int64, magic string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	found := make([]byte, len(magic))
	switch _, err := f.ReadAt(found, offset); {
	case err == io.EOF:
		return errors.New("the file is too short")
	case err != nil:
		return err
	case string(found) != magic:
		return fmt.Errorf("the file has no %q at byte %d", magic, offset)
	}
	return nil
}
