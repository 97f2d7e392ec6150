package klog

import (
	"fmt"
	"math"
	"time"
)

// Stamp puts the printk timestamp before a line: seconds since boot with
// microseconds (kernel/printk/printk.c, print_time).
func Stamp(at time.Duration, line string) string {
	us := at.Microseconds()
	return fmt.Sprintf("[%5d.%06d] %s", us/1e6, us%1e6, line)
}

// unstamp removes the printk timestamp from a line.
func unstamp(stamped string) (at time.Duration, line string, ok bool) {
	s := scan(stamped)
	s.need("[")
	s.blank()
	seconds := s.uint()
	s.need(".")
	digits := s.while(isDigit)
	if len(digits) != 6 || seconds > uint64(maxDuration/time.Second)-1 {
		s.fail()
	}
	var us int64
	for i := 0; s.ok && i < len(digits); i++ {
		us = us*10 + int64(digits[i]-'0')
	}
	// One blank follows, and then the line, which may begin with blanks.
	s.need("]")
	if !s.ok || s.at < len(s.text) && s.text[s.at] != ' ' {
		return 0, stamped, false
	}
	at = time.Duration(seconds)*time.Second + time.Duration(us)*time.Microsecond
	return at, s.text[min(s.at+1, len(s.text)):], true
}

const maxDuration = time.Duration(math.MaxInt64)
