package kernels

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// archive is an archive of packages behind fake tools: shell scripts that print
// and copy files of a directory.
type archive struct {
	t   *testing.T
	dir string
}

func newArchive(t *testing.T, served ...string) *archive {
	t.Helper()
	a := &archive{t, t.TempDir()}
	var names strings.Builder
	for _, v := range served {
		fmt.Fprintln(&names, packageOf(v))
		a.pack(v, "boot/vmlinuz-"+v, "kernel "+v)
	}
	a.write("names", names.String()+"linux-binary-unsigned-9.9.9+deb13-cloud-amd64\n")
	a.tool("apt-get", `case $1 in
update) grep -q 'Suites: trixie-backports' $(dirname "$APT_CONFIG")/sources/kernels.sources ;;
download) cp "$here/$3.deb" . ;;
esac`)
	a.tool("apt-cache", `case $1 in
pkgnames) cat "$here/names" ;;
show) cat "$here/${2%/*}.control" ;;
esac`)
	a.tool("dpkg-deb", `cat "$2"`)
	return a
}

func (a *archive) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o755); err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) tool(name, script string) {
	a.write(name, "#!/bin/sh\nset -e\nhere="+a.dir+"\n"+script+"\n")
}

// pack makes the package of a version with one file in it.
func (a *archive) pack(v, name, content string) {
	a.t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct{ name, content string }{{"usr/share/doc/changelog", "none"}, {name, content}} {
		if err := w.WriteHeader(&tar.Header{Name: "./" + f.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(f.content))}); err != nil {
			a.t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	a.write(packageOf(v)+".deb", b.String())
	sum, err := hashOf(filepath.Join(a.dir, packageOf(v)+".deb"))
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(packageOf(v)+".control", "Package: "+packageOf(v)+"\nDescription: a kernel\n .\nSHA256: "+sum+"\n")
}

func (a *archive) store() *Store {
	a.t.Helper()
	s, err := Open(filepath.Join(a.t.TempDir(), "kernels"))
	if err != nil {
		a.t.Fatal(err)
	}
	s.apt.bin = a.dir
	return s
}

func versionsOf(t *testing.T, s *Store) (versions []string) {
	t.Helper()
	kept, err := s.Kept()
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range kept {
		versions = append(versions, img.Version)
	}
	return versions
}

func TestKernelsAreFetchedOnceAndKept(t *testing.T) {
	t.Parallel()
	a := newArchive(t, "7.0.13", "7.2.6")
	a.pack("7.2.6", "usr/lib/modules/7.2.6+deb13-cloud-amd64/vmlinuz", "kernel 7.2.6")
	s := a.store()
	for _, v := range []string{"7.2.6", "7.0.13"} {
		img, err := s.Get(context.Background(), v)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(img.Path); err != nil || string(b) != "kernel "+v {
			t.Errorf("%s: the image holds %q, %v", v, b, err)
		}
	}
	a.tool("apt-get", "exit 1")
	if _, err := s.Get(context.Background(), "7.0.13"); err != nil {
		t.Errorf("a kept kernel was fetched again: %v", err)
	}
	if diff := cmp.Diff([]string{"7.0.13", "7.2.6"}, versionsOf(t, s)); diff != "" {
		t.Error(diff)
	}
	left, err := filepath.Glob(filepath.Join(s.Dir(), ".fetch-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestVersionsAreServedInTheirOrder(t *testing.T) {
	t.Parallel()
	got, err := newArchive(t, "7.0.13", "6.19.14", "7.0.4").store().Served(context.Background())
	if diff := cmp.Diff([]string{"6.19.14", "7.0.4", "7.0.13"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestWhatCannotBeFetchedIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		change        func(*archive)
		is            error
		want          string
	}{
		{"gone from the archive", "7.0.4", nil, ErrNotServed, "kernel: 7.0.4: not served: want one of 6.19.14, 7.0.13"},
		{"no version", "7.0-rc1", nil, nil, `kernel: 7.0-rc1: want a version such as 7.0.13`},
		{"no apt", "7.0.13", func(a *archive) {
			if err := os.Remove(filepath.Join(a.dir, "apt-cache")); err != nil {
				a.t.Fatal(err)
			}
		}, errNoApt, "no apt here"},
		{"no network", "7.0.13", func(a *archive) { a.tool("apt-get", "echo 'E: no route' >&2; exit 100") }, nil, "apt-get update: exit status 100: E: no route"},
		{"another package than the index says", "7.0.13", func(a *archive) {
			a.write(packageOf("7.0.13")+".deb", "forged")
		}, nil, "that of the signed index"},
		{"no image in the package", "7.0.13", func(a *archive) { a.pack("7.0.13", "usr/bin/true", "") }, nil, "no kernel image in the package"},
		{"half a package", "7.0.13", func(a *archive) { a.tool("dpkg-deb", `head -c 700 "$2"; echo broken >&2; exit 2`) }, nil, "exit status 2: broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t, "7.0.13", "6.19.14")
			if c.change != nil {
				c.change(a)
			}
			s := a.store()
			_, err := s.Get(context.Background(), c.version)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
			if got := versionsOf(t, s); got != nil {
				t.Errorf("kept %v", got)
			}
		})
	}
}

func TestADamagedImageIsRefused(t *testing.T) {
	t.Parallel()
	s := newArchive(t, "7.0.13").store()
	img, err := s.Get(context.Background(), "7.0.13")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(img.Path, []byte("kernel 7.0.31"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(context.Background(), "7.0.13"); !errors.Is(err, errDamaged) {
		t.Errorf("%v, want %v", err, errDamaged)
	}
}

func TestTheStoreForgetsWhatWasNotUsedForLongest(t *testing.T) {
	t.Parallel()
	s := newArchive(t, "7.0.4", "7.0.7", "7.0.9").store()
	s.limit = int64(2 * len("kernel 7.0.4"))
	for i, v := range []string{"7.0.4", "7.0.7"} {
		img, err := s.Get(context.Background(), v)
		if err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(time.Duration(-1-i) * time.Hour)
		if err := os.Chtimes(img.Path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(context.Background(), "7.0.9"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"7.0.4", "7.0.9"}, versionsOf(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestTheMirrorOfTheMachineIsUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.sources": "Types: deb\nURIs: https://other.example/\nSigned-By: /other.gpg\n",
		"b.sources": "URIs: http://mirror.example/debian-security\nSuites: bookworm-security\nSigned-By: /debian.gpg\n\n# main\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nSigned-By: /debian.gpg\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := mirror(dir, "/debian.gpg"); got != "http://mirror.example/debian" {
		t.Errorf("%q", got)
	}
	if got := mirror(dir, "/nobody.gpg"); got != "" {
		t.Errorf("%q without a source that the keyring signs", got)
	}
}
