package boot

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
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

var kernelName = regexp.MustCompile(fmt.Sprintf(`^[a-z][a-z0-9._-]{0,%d}$`, named.MostInName-1))

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
		return Kernel{}, named.Wrong("kernel", name, "a name of a small letter, then up to %d small letters, digits, '.', '_', '-'", named.MostInName-1)
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
	case k.Module == "" && kernels.CompareVersions(k.Version, kernels.FirstHeaders) < 0:
		return named.Wrong("kernel", k.Version+",fix="+k.Fix, "%s or later, of which Debian has the headers that a module needs", kernels.FirstHeaders)
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
		if err := checkModule(k.Module); err != nil {
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

// The fields of the header of a bzImage (Documentation/arch/x86/boot.rst).
const (
	setupSectorsAt = 0x1f1 // a byte: sectors of real-mode code beside the first one
	systemSizeAt   = 0x1f4 // 32 bits: the size of the rest, in units of 16 bytes
	magicAt        = 0x202
	magic          = "HdrS"
)

// checkImage reports a file that is not a bzImage, or not a whole one: the emulator
// boots the beginning of an image without complaint.
func checkImage(path string) error {
	b, size, err := head(path, magicAt+len(magic))
	switch {
	case err != nil:
		return err
	case len(b) < magicAt+len(magic):
		return errors.New("the file is too short")
	case string(b[magicAt:]) != magic:
		return fmt.Errorf("the file has no %q at byte %d", magic, magicAt)
	}
	const sector, unit, defaultSectors = 512, 16, 4
	sectors := cmp.Or(int64(b[setupSectorsAt]), defaultSectors)
	// The last unit may be incomplete.
	whole := (1+sectors)*sector + (int64(binary.LittleEndian.Uint32(b[systemSizeAt:]))-1)*unit
	if size < whole {
		return fmt.Errorf("the file is cut off: it has %d bytes, its header says %d", size, whole+unit)
	}
	return nil
}

// compressions are the first bytes of compressed files, by the program that decompresses
// them. Distributions compress their modules, and the guest passes a module to the kernel
// as it is.
var compressions = []struct{ magic, program string }{
	{"\xfd7zXZ\x00", "xz -d"}, {"\x28\xb5\x2f\xfd", "zstd -d"}, {"\x1f\x8b", "gzip -d"},
}

// checkModule reports a file that is not a kernel module.
func checkModule(path string) error {
	b, _, err := head(path, 16)
	if err != nil {
		return err
	}
	for _, c := range compressions {
		if strings.HasPrefix(string(b), c.magic) {
			return fmt.Errorf("the file is compressed: %s makes a module of it", c.program)
		}
	}
	if !strings.HasPrefix(string(b), elf.ELFMAG) {
		return errors.New("the file is no ELF object")
	}
	return nil
}

// head returns the first bytes of a file, n at most, and the size of the file.
func head(path string, n int) (b []byte, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	b, err = io.ReadAll(io.LimitReader(f, int64(n)))
	return b, info.Size(), err
}
