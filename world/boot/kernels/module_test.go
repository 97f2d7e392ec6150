package kernels

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/boot/module"
)

// withHeaders also serves the headers of versions. Its dpkg-deb unpacks nothing; its
// compiler copies the source, its linker the object.
func withHeaders(t *testing.T, versions ...string) *archive {
	a := newArchive(t)
	var names strings.Builder
	for _, v := range versions {
		for _, name := range []string{headersPrefix + v + packageSuffix, headersPrefix + v + commonSuffix} {
			names.WriteString(name + "\n")
			a.packNamed(name, map[string]string{"usr/src/" + name + "/Makefile": ""})
		}
	}
	a.write("names", names.String())
	a.tool("dpkg-deb", `case $1 in -x) mkdir -p "$3"; tar -xf "$2" -C "$3";; *) cat "$2";; esac`)
	copies := `while [ $# -gt 1 ]; do case $1 in -o) to=$2;; esac; shift; done`
	a.tool("gcc", `for x in "$@"; do case $x in */`+module.Whole+`) from=$x;; -I/*|-nostdinc) ;; esac; done; `+copies+`; cp "$from" "$to"`)
	a.tool("ld", copies+`; cp "$1" "$to"`)
	return a
}

// packNamed makes a package with files in it.
func (a *archive) packNamed(name string, files map[string]string) {
	a.t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for path, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: "./" + path, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
			a.t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".deb", b.String())
	sum, err := hashOf(filepath.Join(a.dir, name+".deb"))
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".control", "Package: "+name+"\nSHA256: "+sum+"\n")
}

func TestAModuleIsBuiltFromHeadersThatAreNotKept(t *testing.T) {
	t.Parallel()
	s := withHeaders(t, "7.3.4", "7.2.6").store()
	if got, err := s.Buildable(context.Background()); err != nil || strings.Join(got, " ") != "7.2.6 7.3.4" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := s.Module("7.3.4"); !errors.Is(err, ErrNoModule) {
		t.Errorf("%v, want %v", err, ErrNoModule)
	}
	older := filepath.Join(s.Dir(), "gpstorm-7.3.4-000000000000.ko")
	if err := os.WriteFile(older, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := s.BuildModule(context.Background(), "7.3.4")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Module("7.3.4"); err != nil || again != path {
		t.Errorf("%s, %v, want %s", again, err, path)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Contains(b, []byte("__this_module")) {
		t.Errorf("the module is not made from %s: %v", module.Whole, err)
	}
	left, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if name := e.Name(); name != "apt" && name != filepath.Base(path) {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestAModuleThatCannotBeBuiltIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		change        func(*archive)
		want          string
	}{
		{"no headers", "7.0.13", nil, "kernel: 7.0.13: its headers are not served: want one of 7.3.4"},
		{"no version", "7", nil, `kernel: 7: want a version`},
		{"no compiler", "7.3.4", func(a *archive) {
			if err := os.Remove(filepath.Join(a.dir, "gcc")); err != nil {
				a.t.Fatal(err)
			}
		}, "gcc: not found: want gcc and binutils"},
		{"an error of the compiler", "7.3.4", func(a *archive) {
			a.tool("gcc", "echo 'In file included' >&2; echo 'gpstorm.c:1: error: no' >&2; echo 'compilation terminated.' >&2; exit 1")
		}, "kernels: gcc -c: exit status 1: gpstorm.c:1: error: no"},
		{"a full disk", "7.3.4", func(a *archive) {
			a.tool("dpkg-deb", "echo 'tar: ./usr/src/x: Cannot write: No space left on device' >&2; echo 'tar: Exiting with failure status due to previous errors' >&2; echo 'dpkg-deb: error: tar subprocess returned error exit status 2' >&2; exit 2")
		}, "kernels: dpkg-deb -x: exit status 2: tar: ./usr/src/x: Cannot write: No space left on device"},
	} {
		a := withHeaders(t, "7.3.4")
		if c.change != nil {
			c.change(a)
		}
		s := a.store()
		_, err := s.BuildModule(context.Background(), c.version)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.name, err, c.want)
		}
		if _, err := s.Module(c.version); !errors.Is(err, ErrNoModule) {
			t.Errorf("%s: a module is there: %v", c.name, err)
		}
	}
}
