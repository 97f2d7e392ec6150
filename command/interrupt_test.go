package command

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// An interrupt before there is an outcome ends a command with one line and the exit code
// that a shell reports for SIGINT.
func TestAnInterruptExitsWith130(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range []string{
		"evaluate -q --scenario calm --fix callrcu --variations 1",
		"gate -q --fix callrcu --max-hang-rate 10%",
		"margin -q --fix callrcu",
		"rare -q calm",
		"shrink -q repro2",
		"run repro2",
		"validate",
		"export repro2 --rcutorture",
		"explore -q --readers 3 --sections 3",
		"explore -q --readers 3 --uniform --runs 10000000",
	} {
		var stdout, stderr bytes.Buffer
		code := run(ctx, Program{Name: "gpstorm"}, strings.Fields(args), &stdout, &stderr)
		if code != exitInterrupted || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), "gpstorm: interrupted") || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", args, code, stdout.String(), stderr.String())
		}
	}
}

// An interrupted campaign says how it goes on, and names no flag that is given already.
func TestAnInterruptedCampaignSaysHowItGoesOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	args := []string{"evaluate", "-q", "--scenario", "calm", "--fix", "callrcu", "--out", filepath.Join(t.TempDir(), "r.jsonl")}
	for _, how := range []string{"; --resume continues\n", "; the same command continues\n"} {
		if got := invokeIn(ctx, Program{Name: "gpstorm"}, args...); got.code != exitInterrupted || !strings.HasSuffix(got.errors, how) {
			t.Errorf("exit %d, stderr %q, want %q", got.code, got.errors, how)
		}
		args = append(args, "--resume")
	}
}

// A torture that is interrupted prints what it saw, and has no outcome.
func TestAnInterruptedTortureExitsWith130(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, Program{Name: "gpstorm"}, []string{"torture", "-q"}, &stdout, &stderr)
	if code != exitInterrupted || !strings.HasPrefix(stdout.String(), "torture: ") || !strings.HasPrefix(stderr.String(), "gpstorm: interrupted after ") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
}

// Where there is no terminal, progress is one line, at once.
func TestProgressOnAPipeIsOneLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := newProgress(&b, false)
	p.update(0, 12)
	p.update(7, 12)
	p.done()
	if got := b.String(); got != "running 12 trials\n" {
		t.Errorf("got %q", got)
	}
	quiet := newProgress(&b, true)
	b.Reset()
	quiet.update(1, 2)
	if b.Len() > 0 {
		t.Errorf("--quiet: got %q", b.String())
	}
}
