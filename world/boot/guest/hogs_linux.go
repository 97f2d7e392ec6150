package guest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// code is the code of the hogs: programs of a few bytes, without a runtime that would
// do other work.
var code = map[wire.Kind][]byte{
	wire.Spin: {
		0xeb, 0xfe, // l: jmp l
	},
	wire.GetPPID: {
		0xb8, unix.SYS_GETPPID, 0, 0, 0, // l: mov eax, getppid
		0x0f, 0x05, // syscall
		0xeb, 0xf7, // jmp l
	},
}

// program returns an ELF file whose only segment holds the code.
func program(code []byte) []byte {
	const (
		headers = 64 + 56
		base    = 0x400000
	)
	le := binary.LittleEndian
	b := []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	b = le.AppendUint16(b, 2)            // ET_EXEC
	b = le.AppendUint16(b, 62)           // EM_X86_64
	b = le.AppendUint32(b, 1)            // EV_CURRENT
	b = le.AppendUint64(b, base+headers) // entry
	b = le.AppendUint64(b, 64)           // program headers
	b = le.AppendUint64(b, 0)            // no section headers
	b = le.AppendUint32(b, 0)            // flags
	b = le.AppendUint16(b, 64)           // size of this header
	b = le.AppendUint16(b, 56)           // size of a program header
	b = le.AppendUint16(b, 1)            // one of them
	b = append(b, 0, 0, 0, 0, 0, 0)      // no sections
	b = le.AppendUint32(b, 1)            // PT_LOAD
	b = le.AppendUint32(b, 5)            // read, execute
	b = le.AppendUint64(b, 0)            // offset
	b = le.AppendUint64(b, base)         // virtual address
	b = le.AppendUint64(b, base)         // physical address
	size := uint64(headers + len(code))
	b = le.AppendUint64(b, size)   // in the file
	b = le.AppendUint64(b, size)   // in memory
	b = le.AppendUint64(b, 0x1000) // alignment
	return append(b, code...)
}

// hogs are processes that loop until they are killed.
type hogs struct {
	pids   []int
	byName map[string][]int
}

// startHogs starts all hogs of a case. On an error it leaves none running.
func startHogs(groups []wire.Hogs) (_ *hogs, err error) {
	h := &hogs{byName: map[string][]int{}}
	dir, err := os.MkdirTemp("", "gpstorm-hogs-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	defer func() {
		if err != nil {
			h.stop()
		}
	}()
	for _, g := range groups {
		text, ok := code[g.Kind]
		if !ok {
			return nil, fmt.Errorf("hogs %s: kind %q: want spin or getppid", g.Name, g.Kind)
		}
		path := filepath.Join(dir, g.Name)
		if err := os.WriteFile(path, program(text), 0o700); err != nil {
			return nil, err
		}
		for range g.Count {
			pid, err := syscall.ForkExec(path, []string{g.Name}, &syscall.ProcAttr{Dir: "/"})
			if err != nil {
				return nil, fmt.Errorf("hogs %s: %w", g.Name, err)
			}
			h.pids = append(h.pids, pid)
			h.byName[g.Name] = append(h.byName[g.Name], pid)
			if !g.FIFO {
				continue
			}
			if err := fifo(pid, priorityHog); err != nil {
				return nil, fmt.Errorf("hogs %s: %w", g.Name, err)
			}
		}
	}
	return h, nil
}

func (h *hogs) stop() {
	for _, pid := range h.pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	for _, pid := range h.pids {
		var status unix.WaitStatus
		_, _ = unix.Wait4(pid, &status, 0, nil)
	}
	h.pids = nil
}
