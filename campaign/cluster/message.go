package cluster

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/klauspost/compress/s2"
)

// version is the version of the messages between coordinators and workers. Every message
// begins with it: a program with other messages is told so, and misreads none.
const version = 1

// opening is the begin of a message, before the version and the end of the line.
const opening = "gpstorm message "

// Bounds on what other processes send.
const (
	maxMessage = 64 << 20 // bytes of a message after it is decompressed
	maxText    = 1 << 16  // bytes of an error's text
	maxName    = 300      // bytes of a name
	minWait    = 100 * time.Millisecond
	maxWait    = 24 * time.Hour
)

// format is the JSON of encoding/json, but strict in reading. A coordinator spends most
// of its time reading results, for which encoding/json takes three times as long.
var format = json.JoinOptions(jsonv1.DefaultOptionsV1(), json.MatchCaseInsensitiveNames(false), json.RejectUnknownMembers(true))

// MaxSlots is the largest number of trials that a worker may run at once.
const MaxSlots = 4096

// checked is a message with a test of its own values.
type checked interface{ check() error }

// pack encodes a message: its version, and compressed JSON.
func pack(v any) ([]byte, error) {
	b, err := json.Marshal(v, format)
	if err != nil {
		return nil, err
	}
	begin := fmt.Appendf(nil, "%s%d\n", opening, version)
	return append(begin, s2.Encode(nil, b)...), nil
}

// packed encodes a message of plain data.
func packed(v any) []byte {
	b, err := pack(v)
	if err != nil {
		panic(err)
	}
	return b
}

// unpack decodes a message of pack. It refuses another version, unknown fields, and
// values that no process of this build sends.
func unpack(b []byte, v checked) error {
	text, err := body(b)
	if err != nil {
		return err
	}
	return decode(text, v)
}

// body returns the JSON of a message.
func body(b []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(b, []byte(opening))
	number, rest, end := bytes.Cut(rest, []byte("\n"))
	if !ok || !end {
		return nil, fmt.Errorf("message: no version: want %d: run the same build everywhere", version)
	}
	if v, err := strconv.Atoi(string(number)); err != nil || v != version {
		return nil, fmt.Errorf("message: version %s: want %d: run the same build everywhere", shown(string(number)), version)
	}
	n, err := s2.DecodedLen(rest)
	if err == nil && n > maxMessage {
		err = fmt.Errorf("%d bytes: want at most %d", n, maxMessage)
	}
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	text, err := s2.Decode(nil, rest)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	return text, nil
}

// decode reads the JSON of a message.
func decode(text []byte, v checked) error {
	if err := json.Unmarshal(text, v, format); err != nil {
		return fmt.Errorf("message: %s", brief(err))
	}
	if err := v.check(); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	return nil
}

// brief is the text of an error in one line of bounded length: it may quote the message.
func brief(err error) string {
	const most = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// sessionID matches the name of a session, which is part of subjects.
var sessionID = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)

func (s *Session) check() error {
	switch {
	case !sessionID.MatchString(s.ID):
		return fmt.Errorf("id: %s: want letters and digits", shown(s.ID))
	case s.World == "" || len(s.World) > maxName:
		return fmt.Errorf("world: %s: want the name of a world", shown(s.World))
	case s.AckWait < minWait || s.AckWait > maxWait:
		return fmt.Errorf("ack_wait_ns: %v: want %v to %v", s.AckWait, minWait, maxWait)
	case s.TrialLimit < minWait:
		return fmt.Errorf("trial_limit_ns: %v: want %v or more", s.TrialLimit, minWait)
	case s.Tries < 1:
		return fmt.Errorf("tries: %d: want 1 or more", s.Tries)
	case min(s.Done, s.Run, s.Total, s.Results, s.Workers, s.Slots, s.Retries, s.Duplicates, s.Rejected, s.Refused) < 0:
		return fmt.Errorf("counts: want 0 or more")
	}
	return nil
}

func (w *WorkerState) check() error {
	if min(w.Running, w.Trials) < 0 {
		return fmt.Errorf("counts: want 0 or more")
	}
	return checkWorker(w.Name, w.Slots)
}

func (p *proof) check() error { return checkWorker(p.Worker, p.Slots) }

func checkWorker(name string, slots int) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("worker: %s: want a name", shown(name[:min(len(name), maxName)]))
	}
	if slots < 1 || slots > MaxSlots {
		return fmt.Errorf("slots: %d: want 1 to %d", slots, MaxSlots)
	}
	return nil
}

// world.Spec checks itself.
func (*question) check() error { return nil }

func (v *verdict) check() error {
	if len(v.Refused) > maxText {
		return fmt.Errorf("refused: %d bytes: want at most %d", len(v.Refused), maxText)
	}
	return nil
}

// decoder.specs checks a chunk.
func (*chunk) check() error { return nil }

func (a *answer) check() error {
	n := len(a.Results)
	if a.Failed != nil {
		n++
		if len(a.Failed.Text) > maxText {
			return fmt.Errorf("failed: %d bytes: want at most %d", len(a.Failed.Text), maxText)
		}
	}
	switch {
	case a.First < 0:
		return fmt.Errorf("first: %d: want 0 or more", a.First)
	case n < 1 || n > maxTrials:
		return fmt.Errorf("results: %d: want 1 to %d", n, maxTrials)
	case a.Took < 0:
		return fmt.Errorf("took_ns: %d: want 0 or more", a.Took)
	}
	for i := range a.Results {
		if err := a.Results[i].Check(); err != nil {
			return fmt.Errorf("results[%d].%w", i, err)
		}
	}
	return checkWorker(a.Worker, 1)
}

// refusals names the messages that a process refuses: the first few, since whoever sends
// one may send many.
type refusals struct {
	notify func(string)
	named  atomic.Int64
}

const maxNamed = 5

// add names one, unless there were enough.
func (r *refusals) add(subject string, err error) {
	n := r.named.Add(1)
	if n > maxNamed {
		return
	}
	line := fmt.Sprintf("message on %s is refused: %v", shown(subject), err)
	if n == maxNamed {
		line += "; there will be no line about others"
	}
	r.notify(line)
}
