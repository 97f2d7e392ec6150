package kernels

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Failures that the request did not cause.
var (
	// errNoApt: Debian's package tools are not on this machine.
	errNoApt = errors.New("no apt here: want a machine with apt-get, apt-cache and dpkg-deb, or a kernel image of your own by its path")
	// ErrNotServed: the archive does not have this version.
	ErrNotServed = errors.New("not served")
)

// source is an archive of packages.
type source struct {
	uri, suite, keyring string
}

// debian is the source of stock kernels, unless the machine has a mirror.
var debian = source{
	uri:     "http://deb.debian.org/debian",
	suite:   "trixie-backports",
	keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
}

// freshFor is the time for which a list of packages counts as current.
const freshFor = time.Hour

// apt runs the tools of apt under a configuration of its own.
type apt struct {
	root   string
	source source
	bin    string // directory of the tools; empty is the PATH
}

func (a *apt) tool(name string) string { return filepath.Join(a.bin, name) }

func (a *apt) config() string { return filepath.Join(a.root, "apt.conf") }

// packageOf is the package of a version. The second half of its name is part of the
// kernel release.
func packageOf(v string) string { return packagePrefix + v + packageSuffix }

const (
	packagePrefix = "linux-binary-"
	packageSuffix = "+deb13-cloud-amd64"
)

// update writes the configuration and fetches the list of packages, unless they are
// current.
func (a *apt) update(ctx context.Context) error {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(a.tool(tool)); err != nil {
			return fmt.Errorf("kernels: %w", errNoApt)
		}
	}
	stamp := filepath.Join(a.root, "updated")
	if info, err := os.Stat(stamp); err == nil && time.Since(info.ModTime()) < freshFor {
		return nil
	}
	if err := a.configure(); err != nil {
		return fmt.Errorf("kernels: %w", err)
	}
	// Without the option, a failed download is only a warning.
	if _, err := a.run(ctx, a.root, "apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"); err != nil {
		return err
	}
	if err := os.WriteFile(stamp, nil, 0o644); err != nil {
		return fmt.Errorf("kernels: %w", err)
	}
	return nil
}

func (a *apt) configure() error {
	lists, cache, parts := filepath.Join(a.root, "lists"), filepath.Join(a.root, "cache"), filepath.Join(a.root, "sources")
	for _, dir := range []string{filepath.Join(lists, "partial"), filepath.Join(cache, "archives", "partial"), parts} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	s := a.source
	if uri := mirror("/etc/apt/sources.list.d", s.keyring); uri != "" {
		s.uri = uri
	}
	sources := fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: amd64\nSigned-By: %s\n", s.uri, s.suite, s.keyring)
	if err := os.WriteFile(filepath.Join(parts, "kernels.sources"), []byte(sources), 0o644); err != nil {
		return err
	}
	var conf bytes.Buffer
	for _, o := range [][2]string{
		{"Dir::State::Lists", lists}, {"Dir::Cache", cache},
		{"Dir::Etc::SourceList", "/dev/null"}, {"Dir::Etc::SourceParts", parts},
		{"Acquire::Languages", "none"}, {"Acquire::Retries", "2"}, {"APT::Architecture", "amd64"},
		{"APT::Sandbox::User", ""}, // otherwise the user's files would be unreadable
	} {
		fmt.Fprintf(&conf, "%s %q;\n", o[0], o[1])
	}
	return os.WriteFile(a.config(), conf.Bytes(), 0o644)
}

// mirror is the address from which this machine takes Debian's main archive, or
// empty. It accepts sources that the keyring signs and that hold a release itself,
// not its security updates.
func mirror(dir, keyring string) string {
	paths, err := filepath.Glob(filepath.Join(dir, "*.sources"))
	if err != nil {
		return ""
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for stanza := range strings.SplitSeq(string(b), "\n\n") {
			fields := fieldsOf(stanza)
			uri, _, _ := strings.Cut(fields["URIs"], " ")
			if fields["Signed-By"] == keyring && strings.HasPrefix(uri, "http") && !strings.Contains(fields["Suites"], "security") {
				return uri
			}
		}
	}
	return ""
}

// versions returns the versions in the list of packages.
func (a *apt) versions(ctx context.Context) ([]string, error) {
	return a.named(ctx, packagePrefix, packageSuffix)
}

// named returns the versions of the packages with names of this form.
func (a *apt) named(ctx context.Context, prefix, suffix string) ([]string, error) {
	out, err := a.run(ctx, a.root, "apt-cache", "pkgnames", prefix)
	if err != nil {
		return nil, err
	}
	var served []string
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		v := strings.TrimSuffix(strings.TrimPrefix(name, prefix), suffix)
		if version.MatchString(v) && name == prefix+v+suffix {
			served = append(served, v)
		}
	}
	slices.SortFunc(served, CompareVersions)
	return served, nil
}

// download fetches the package of a version into a directory and returns its path.
func (a *apt) download(ctx context.Context, v, dir string) (string, error) {
	served, err := a.versions(ctx)
	if err != nil {
		return "", err
	}
	if !slices.Contains(served, v) {
		return "", fmt.Errorf("kernel: %s: %w: want one of %s", v, ErrNotServed, strings.Join(served, ", "))
	}
	return a.fetch(ctx, packageOf(v), dir)
}

// fetch fetches a package into a directory, checks it, and returns its path.
func (a *apt) fetch(ctx context.Context, name, dir string) (string, error) {
	shown, err := a.run(ctx, dir, "apt-cache", "show", name+"/"+a.source.suite)
	if err != nil {
		return "", err
	}
	if _, err := a.run(ctx, dir, "apt-get", "download", "-q", name); err != nil {
		return "", err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(debs) != 1 {
		return "", fmt.Errorf("kernels: %s: %d packages were downloaded, want one", name, len(debs))
	}
	sum, err := hashOf(debs[0])
	if err != nil {
		return "", err
	}
	if want := fieldsOf(string(shown))["SHA256"]; sum != want {
		return "", fmt.Errorf("kernels: %s: sha256 %s: want %s, that of the signed index", name, sum, want)
	}
	return debs[0], nil
}

// fieldsOf parses a stanza of Debian's control files.
func fieldsOf(stanza string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(stanza) {
		if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "#") {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// run runs a tool under the private configuration. The error contains the reason that
// the tool printed.
func (a *apt) run(ctx context.Context, dir, tool string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, a.tool(tool), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.config(), "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("kernels: %s %s: %w%s", tool, args[0], err, reason(stderr.Bytes()))
	}
	return out, nil
}

// reason is the first error in a compiler's messages, or that of a full disk, or else a
// tool's last line, as the end of a message.
func reason(b []byte) string {
	last := ""
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" {
			continue
		}
		if last = ": " + line; strings.Contains(line, "error: ") || strings.Contains(line, "No space left on device") {
			break
		}
	}
	return last
}
