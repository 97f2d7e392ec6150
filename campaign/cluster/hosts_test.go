//go:build linux

package cluster

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hosts are machines of their own, each a network namespace, with a switch between
// them.
type hosts struct {
	t   *testing.T
	hub string
}

// newHosts makes them, with the addresses 10.231.0.1, 10.231.0.2 and so on. It skips
// the test where that cannot be.
func newHosts(t *testing.T, names ...string) *hosts {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for network namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the command ip, for network namespaces")
	}
	h := &hosts{t, fmt.Sprintf("gps%d-hub", os.Getpid())}
	if out, err := exec.Command("ip", "netns", "add", h.hub).CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	h.remove(h.hub)
	h.ip("-n", h.hub, "link", "add", "switch", "type", "bridge")
	h.ip("-n", h.hub, "link", "set", "switch", "up")
	for i, name := range names {
		h.ip("netns", "add", h.space(name))
		h.remove(h.space(name))
		h.ip("link", "add", name, "netns", h.hub, "type", "veth", "peer", "name", "eth0", "netns", h.space(name))
		h.ip("-n", h.hub, "link", "set", name, "master", "switch")
		h.ip("-n", h.hub, "link", "set", name, "up")
		h.ip("-n", h.space(name), "address", "add", fmt.Sprintf("10.231.0.%d/24", i+1), "dev", "eth0")
		h.ip("-n", h.space(name), "link", "set", "eth0", "up")
		h.ip("-n", h.space(name), "link", "set", "lo", "up")
	}
	return h
}

func (h *hosts) space(name string) string { return strings.TrimSuffix(h.hub, "hub") + name }

// remove removes a namespace at the end of the test.
func (h *hosts) remove(space string) {
	h.t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", space).CombinedOutput(); err != nil {
			h.t.Errorf("network namespace %s stays: %s", space, out)
		}
	})
}

func (h *hosts) ip(args ...string) {
	h.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		h.t.Fatalf("ip %s: %s", strings.Join(args, " "), out)
	}
}

// on has a process run on a host.
func (h *hosts) on(name string, p process) process {
	p.wrap = []string{"ip", "netns", "exec", h.space(name)}
	return p
}

// unplug cuts a host off, and plugs it in again.
func (h *hosts) unplug(name string, d time.Duration) {
	h.t.Helper()
	h.ip("-n", h.hub, "link", "set", name, "down")
	time.Sleep(d) // the fault
	h.ip("-n", h.hub, "link", "set", name, "up")
}

func TestHostsThatAreCutOffLeaveTheResultsTheSame(t *testing.T) {
	long(t)
	h := newHosts(t, "server", "plan", "one", "two")
	a := newAuthority(t)
	cert, key := a.issue("server", net.IPv4(10, 231, 0, 1))
	dir := t.TempDir()
	h.on("server", process{Role: "server", Listen: "10.231.0.1:4222", Store: filepath.Join(dir, "store"), Cert: cert, Key: key}).start(t)
	const url = "tls://10.231.0.1:4222"
	c := &cast{t: t, coordinator: h.on("plan", process{Role: "coordinator", URL: url, CA: a.path, Out: filepath.Join(dir, "results.jsonl")})}
	for _, name := range []string{"one", "two"} {
		h.on(name, process{Role: "worker", URL: url, CA: a.path}).start(t)
	}
	c.coordCmd = c.coordinator.start(t)
	c.trials(100)
	h.unplug("one", outage)
	c.trials(300)
	h.unplug("plan", outage)
	c.trials(500)
	h.unplug("server", outage)
	c.finish()
}
