package guest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// parameters is the directory of the module's parameters.
const parameters = "/sys/module/gpstorm/parameters/"

// checkRounds is the number of checks in a boot for readers that outlive a teardown.
const checkRounds = 8

// load loads the module of a candidate, if the initramfs has one, and checks that the
// candidate's teardown waits for readers.
func (b *bench) load() error {
	f, err := os.Open(ModulePath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	with, err := os.ReadFile(ModuleParametersPath)
	if err != nil {
		return err
	}
	if err := unix.FinitModule(int(f.Fd()), string(with), 0); err != nil {
		return fmt.Errorf("module: %w: %s", err, b.lastMessage())
	}
	if err := set(parameters+"check", checkRounds); err != nil {
		return fmt.Errorf("module: check of readers: %w", err)
	}
	b.fix = &wire.Fix{Name: get(parameters + "fix")}
	text := get(parameters + "check")
	if n, err := fmt.Sscan(text, &b.fix.Rounds, &b.fix.Entered, &b.fix.Late); n != 3 {
		return fmt.Errorf("module: check of readers: %q: %w", text, err)
	}
	return nil
}

// hits is the number of times that the candidate's code has run instead of the
// kernel's.
func (b *bench) hits() (int64, error) {
	if b.fix == nil {
		return 0, nil
	}
	return strconv.ParseInt(get(parameters+"hits"), 10, 64)
}

// lastMessage is the last message of the kernel.
func (b *bench) lastMessage() (last string) {
	for {
		_, text, ok, err := b.kmsg.next()
		if err != nil || !ok {
			return strings.TrimSpace(last)
		}
		last = text
	}
}
