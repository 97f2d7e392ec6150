package command

import (
	"cmp"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/world/boot"
)

// input is the kind of the values of a flag, or of the arguments of a command, that name
// files to read.
type input string

const (
	inputFile     input = "file"
	inputScenario input = "scenario" // a preset, or else a file
	inputKernel   input = "kernel"   // NAME=PATH, perhaps with a module
)

// readsKey is the key of the annotations that mark inputs.
const readsKey = "gpstorm_reads"

// reads marks flags that name inputs.
func reads(flags *pflag.FlagSet, what input, names ...string) {
	for _, name := range names {
		if err := flags.SetAnnotation(name, readsKey, []string{string(what)}); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// argumentsAre marks a command whose arguments name inputs.
func argumentsAre(what input) map[string]string { return map[string]string{readsKey: string(what)} }

// used is a file that a command line reads or writes.
type used struct {
	flag, path string // flag is empty for an argument
	writes     bool
}

func (u used) String() string {
	switch {
	case u.flag == "":
		return u.path + ", which is read"
	case u.writes:
		return "that of " + u.flag
	}
	return "that of " + u.flag + ", which is read"
}

// distinct refuses a command line that would write a file which it reads, or one file
// twice. The root has every command pass it before anything is read or run.
func (c *common) distinct(cmd *cobra.Command, args []string) error {
	all := c.filesOf(cmd, args)
	for i, a := range all {
		if !a.writes {
			continue
		}
		if isStandardOutput(cmd.OutOrStdout(), a.path) {
			return wrong(a.flag, a.path, "another file than that of standard output")
		}
		for _, b := range all[:i] {
			if sameFile(a.path, b.path) {
				return wrong(a.flag, a.path, "another file than %s", b)
			}
		}
	}
	return nil
}

// filesOf returns the files of a command line: those that it reads, then those that it
// writes.
func (c *common) filesOf(cmd *cobra.Command, args []string) (all []used) {
	read := func(flag string, what input, value string) {
		for _, path := range c.pathsOf(what, value) {
			all = append(all, used{flag, path, false})
		}
	}
	if len(args) == 0 && cmd.Annotations[readsKey] != "" {
		args = []string{standardStream}
	}
	for _, arg := range args {
		read("", input(cmd.Annotations[readsKey]), arg)
	}
	var written []used
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		name := "--" + f.Name
		switch v := unwrap(f.Value).(type) {
		case outputFlag:
			for _, path := range v.paths() {
				written = append(written, used{name, path, true})
			}
			if w := cmd.Flag("world"); name == "--out" && w != nil && w.Value.String() == boot.Name {
				written = append(written, used{name, v.String() + bootsEnding, true})
			}
			return
		case pflag.SliceValue:
			for _, value := range v.GetSlice() {
				read(name, inputOf(f), value)
			}
		default:
			read(name, inputOf(f), v.String())
		}
	})
	return append(all, written...)
}

// inputOf returns what a flag names, or "".
func inputOf(f *pflag.Flag) input {
	if what := f.Annotations[readsKey]; len(what) > 0 {
		return input(what[0])
	}
	return ""
}

// pathsOf returns the paths of the files that an input consists of.
func (c *common) pathsOf(what input, value string) []string {
	switch what {
	case inputFile:
		if value == standardStream {
			return []string{"/dev/stdin"}
		}
		return []string{value}
	case inputScenario:
		if _, err := c.names.preset(value); err != nil {
			return []string{value}
		}
	case inputKernel:
		if k, err := boot.ParseKernel(value); err == nil {
			return []string{k.Path, k.Module}
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one file, which need not exist yet. Devices
// may be named several times, and so may the streams of this process.
func sameFile(a, b string) bool {
	if a == "" || b == "" || streamOf(a) != nil {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA != nil || errB != nil {
		return resolve(a) == resolve(b)
	}
	return infoA.Mode()&os.ModeDevice == 0 && os.SameFile(infoA, infoB)
}

// isStandardOutput reports whether a path leads to the regular file that standard output
// goes to: replaced by another one, it would lose what is printed. The name of the stream
// itself is allowed.
func isStandardOutput(out io.Writer, path string) bool {
	f, ok := out.(*os.File)
	if !ok || streamOf(path) != nil {
		return false
	}
	printed, errPrinted := f.Stat()
	info, err := os.Stat(path)
	return cmp.Or(errPrinted, err) == nil && info.Mode().IsRegular() && os.SameFile(printed, info)
}

// maxLinks bounds a chain of symbolic links, as the kernel does.
const maxLinks = 40

// resolve returns the path of a file with all links followed. The file need not exist, if
// its directory does.
func resolve(path string) string {
	for range maxLinks {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
			break
		}
		dir, name := filepath.Split(path)
		if real, err := filepath.EvalSymlinks(cmp.Or(dir, ".")); err == nil {
			dir = real
		}
		path = filepath.Join(dir, name)
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		path = to
	}
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
