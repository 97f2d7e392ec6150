package qemu

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/u-root/u-root/pkg/cpio"

	"github.com/gpstorm/gpstorm/world/boot/guest"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// NotAGuest is the error about a program that cannot be the guest.
type NotAGuest struct {
	Path, Why string
	Build     string // how to make one that can
}

// Error implements error.
func (e *NotAGuest) Error() string {
	return fmt.Sprintf("guest: %s: %s: want one made by %s", e.Path, e.Why, e.Build)
}

// CheckGuest reports a program that cannot be the only file of an initramfs: one that
// is not a static program for this architecture. The error is a *NotAGuest.
func CheckGuest(path string) error {
	wrong := &NotAGuest{Path: path, Build: "CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build ./cmd/gpstorm"}
	f, err := elf.Open(path)
	if err != nil {
		wrong.Why = "not a program of Linux"
		return wrong
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 {
		wrong.Why = fmt.Sprintf("a program for %v", f.Machine)
		return wrong
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			wrong.Why = "this program is linked dynamically"
			return wrong
		}
	}
	return nil
}

// loaded returns a program without the parts that are not loaded to run it: symbols
// and debug information, more than a quarter of a Go program. The emulated CPU would
// have to copy them.
func loaded(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("guest: %s: %w", path, err)
	}
	end := uint64(0)
	for _, p := range f.Progs {
		end = max(end, p.Off+p.Filesz)
	}
	if end > uint64(len(b)) {
		return nil, fmt.Errorf("guest: %s: cut off", path)
	}
	// The table of the sections is removed as well: e_shoff, e_shnum and e_shstrndx of
	// the 64-bit ELF header.
	b = b[:end]
	clear(b[0x28:0x30])
	clear(b[0x3c:0x40])
	return b, nil
}

// writeInitramfs writes an archive with the guest as /init and its cases. The archive
// is not compressed: decompression costs the emulated CPU more than reading, and a kernel
// of the user's may lack the decompressor.
func (m *Machine) writeInitramfs(path, program string, cases []wire.Case) (err error) {
	if err := CheckGuest(program); err != nil {
		return err
	}
	text, err := json.Marshal(cases)
	if err != nil {
		return err
	}
	init, err := loaded(program)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<20)
	records := []cpio.Record{
		cpio.Directory("dev", 0o755),
		cpio.CharDev("dev/console", 0o600, 5, 1),
		cpio.StaticFile("init", string(init), 0o755),
		cpio.StaticFile(guest.CasesPath[1:], string(text), 0o644),
	}
	if m.Module != "" {
		module, err := os.ReadFile(m.Module)
		if err != nil {
			return err
		}
		records = append(records,
			cpio.StaticFile(guest.ModulePath[1:], string(module), 0o644),
			cpio.StaticFile(guest.ModuleParametersPath[1:], m.ModuleParameters, 0o644))
	}
	cpio.MakeAllReproducible(records)
	w := cpio.Newc.Writer(b)
	if err := cpio.WriteRecords(w, records); err != nil {
		return fmt.Errorf("initramfs: %w", err)
	}
	if err := cpio.WriteTrailer(w); err != nil {
		return fmt.Errorf("initramfs: %w", err)
	}
	return b.Flush()
}
