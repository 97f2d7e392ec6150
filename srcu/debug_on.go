//go:build gpstorm_debug

package srcu

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// debugging is true: this build checks the use of domains. Its sections are slow
// and take a lock.
//
// A section belongs to the goroutine that opened it until it ends, even if another
// goroutine ends it: until then the opener must not wait for a grace period of the
// domain.
const debugging = true

// section is an open section.
type section struct {
	d      *Domain
	r      *Reader // nil if anonymous
	gid    int64
	opened []uintptr
	at     time.Duration
}

// all contains the open sections of all domains.
var all = struct {
	sync.Mutex
	last   uint32
	by     map[Ticket]*section
	inside map[int64]int // open sections by goroutine
}{by: map[Ticket]*section{}, inside: map[int64]int{}}

// enter records the beginning of a section. The returned ticket contains the number
// of the section above the rank.
func (d *Domain) enter(t Ticket, r *Reader) Ticket {
	s := &section{d: d, r: r, gid: goroutineID(), opened: make([]uintptr, 32), at: now()}
	s.opened = s.opened[:runtime.Callers(3, s.opened)]
	all.Lock()
	defer all.Unlock()
	for {
		all.last++
		numbered := t&1 | Ticket(all.last<<1)
		if _, taken := all.by[numbered]; taken || all.by[numbered^1] != nil || all.last<<1 == 0 {
			continue
		}
		all.by[numbered] = s
		all.inside[s.gid]++
		return numbered
	}
}

// leave checks that t is the ticket of an open section of this domain, begun on
// this Reader.
func (d *Domain) leave(t Ticket, r *Reader) {
	all.Lock()
	s := all.by[t]
	wrong := ""
	switch {
	case s == nil:
		wrong = "ReadUnlock with a ticket of no open section: the section has ended already, or the ticket was made up"
	case s.d != d:
		wrong = "ReadUnlock with a ticket of another domain"
	case s.r != r:
		wrong = "ReadUnlock of a section that began on another Reader, or anonymously"
	default:
		delete(all.by, t)
		if all.inside[s.gid]--; all.inside[s.gid] == 0 {
			delete(all.inside, s.gid)
		}
	}
	all.Unlock()
	if wrong == "" {
		return
	}
	if s != nil {
		wrong += "; the section was opened at:\n" + stackText(s.opened)
	}
	panic("srcu: " + wrong)
}

// mustBeOutside panics if this goroutine has an open section of the domain.
func (d *Domain) mustBeOutside(what string) {
	gid := goroutineID()
	all.Lock()
	var in *section
	for _, s := range all.by {
		if s.d == d && s.gid == gid {
			in = s
		}
	}
	all.Unlock()
	if in == nil {
		return
	}
	here := make([]uintptr, 32)
	here = here[:runtime.Callers(2, here)]
	panic(fmt.Sprintf("srcu: %s inside a read-side critical section of the same domain would wait for ever; called at:\n%s\nthe section was opened at:\n%s",
		what, stackText(here), stackText(in.opened)))
}

// mustBeInside panics if this goroutine has no open section of any domain.
func mustBeInside(what string) {
	gid := goroutineID()
	all.Lock()
	n := all.inside[gid]
	all.Unlock()
	if n == 0 {
		panic("srcu: " + what + " outside of a read-side critical section")
	}
}

// holders returns the open sections of a rank.
func (d *Domain) holders(rank int) (h []Holder) {
	all.Lock()
	for t, s := range all.by {
		if s.d != d || int(t&1) != rank {
			continue
		}
		one := Holder{Age: now() - s.at, Goroutine: s.gid, Opened: stackText(s.opened)}
		if s.r != nil {
			one.Reader = s.r.openedAt()
		}
		h = append(h, one)
	}
	all.Unlock()
	if len(h) == 0 {
		return nil
	}
	stacks := goroutineStacks()
	for i := range h {
		h[i].Now = stacks[h[i].Goroutine]
	}
	return h
}

func stackText(pcs []uintptr) string {
	var b strings.Builder
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return strings.TrimRight(b.String(), "\n")
		}
	}
}

// goroutineID parses the first line of a stack trace, "goroutine 7 [running]:",
// because there is no function for it.
func goroutineID() int64 {
	var buf [64]byte
	return headerID(buf[:runtime.Stack(buf[:], false)])
}

func headerID(trace []byte) int64 {
	id, _, _ := bytes.Cut(bytes.TrimPrefix(trace, []byte("goroutine ")), []byte(" "))
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("srcu: a stack trace begins with %q", trace))
	}
	return n
}

// goroutineStacks returns the stacks of all goroutines by number.
func goroutineStacks() map[int64]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := map[int64]string{}
	for trace := range bytes.SplitSeq(buf, []byte("\n\n")) {
		if bytes.HasPrefix(trace, []byte("goroutine ")) {
			stacks[headerID(trace)] = string(bytes.TrimRight(trace, "\n"))
		}
	}
	return stacks
}
