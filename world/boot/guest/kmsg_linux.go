package guest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// kmsg reads the kernel's messages (Documentation/ABI/testing/dev-kmsg).
type kmsg struct{ fd int }

func openKmsg() (*kmsg, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/kmsg: %w", err)
	}
	return &kmsg{fd}, nil
}

// skip passes over the present messages.
func (k *kmsg) skip() error {
	if _, err := unix.Seek(k.fd, 0, unix.SEEK_END); err != nil {
		return fmt.Errorf("/dev/kmsg: %w", err)
	}
	return nil
}

// ahead returns how far the clock of messages is ahead of CLOCK_MONOTONIC, which starts
// later in the boot. It writes a message, of a level that consoles do not show.
func (k *kmsg) ahead() (time.Duration, error) {
	const mark = "gpstorm: clock"
	if err := k.skip(); err != nil {
		return 0, err
	}
	written := now()
	if _, err := unix.Write(k.fd, []byte("<7>"+mark+"\n")); err != nil {
		return 0, fmt.Errorf("/dev/kmsg: %w", err)
	}
	for {
		switch at, text, ok, err := k.next(); {
		case err != nil:
			return 0, err
		case !ok:
			return 0, errors.New("/dev/kmsg: the kernel dropped a message")
		case text == mark:
			return at - written, nil
		}
	}
}

// next returns the next message; ok is false if there is none.
func (k *kmsg) next() (at time.Duration, text string, ok bool, err error) {
	var b [8192]byte
	for {
		n, err := unix.Read(k.fd, b[:])
		switch {
		case errors.Is(err, unix.EPIPE): // some were overwritten: reading continues at the oldest
			continue
		case errors.Is(err, unix.EAGAIN):
			return 0, "", false, nil
		case err != nil:
			return 0, "", false, fmt.Errorf("/dev/kmsg: %w", err)
		}
		if at, text, ok = parseKmsg(string(b[:n])); ok {
			return at, text, true, nil
		}
	}
}

// parseKmsg parses one record: comma-separated numbers, of which the third is the
// time in microseconds, a semicolon, the text, and lines of properties that begin
// with a blank.
func parseKmsg(record string) (at time.Duration, text string, ok bool) {
	numbers, text, ok := strings.Cut(record, ";")
	fields := strings.Split(numbers, ",")
	if !ok || len(fields) < 3 {
		return 0, "", false
	}
	us, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return 0, "", false
	}
	text, _, _ = strings.Cut(text, "\n")
	return time.Duration(us) * time.Microsecond, text, true
}
