package kernels

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
)

// extract writes the kernel image of a Debian package to a file.
func (a *apt) extract(ctx context.Context, deb, to string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.tool("dpkg-deb"), "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("kernels: %w", err)
	}
	if err = copyImage(tar.NewReader(out), to); err == nil {
		cancel() // the rest of the archive is not needed
		_ = cmd.Wait()
		return nil
	}
	_, _ = io.Copy(io.Discard, out)
	if failed := cmd.Wait(); failed != nil {
		err = failed
	}
	return fmt.Errorf("kernels: %s: %w%s", path.Base(deb), err, reason(stderr.Bytes()))
}

// copyImage copies the only image of an archive: boot/vmlinuz-VERSION, or since 7.2
// usr/lib/modules/VERSION/vmlinuz.
func copyImage(t *tar.Reader, to string) error {
	for {
		h, err := t.Next()
		if err == io.EOF {
			return errors.New("no kernel image in the package")
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !strings.HasPrefix(path.Base(h.Name), "vmlinuz") {
			continue
		}
		f, err := os.Create(to)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, t)
		return errors.Join(err, f.Close())
	}
}
