package live

import "golang.org/x/sys/unix"

// take gives this thread the i-th of its CPUs for itself, as far as permissions and
// the number of CPUs allow: it binds the thread to the CPU, and makes it a real-time
// thread, so that ordinary threads of that CPU wait.
func take(i int) (restore func()) {
	var all unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil || all.Count() < 2 {
		return func() {}
	}
	one := nth(&all, i%all.Count())
	if unix.SchedSetaffinity(0, &one) != nil {
		return func() {}
	}
	before, err := unix.SchedGetAttr(0, 0)
	if err == nil {
		err = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
	}
	return func() {
		if err == nil {
			_ = unix.SchedSetAttr(0, before, 0)
		}
		_ = unix.SchedSetaffinity(0, &all)
	}
}

// nth returns the set of the n-th CPU of a set.
func nth(all *unix.CPUSet, n int) (one unix.CPUSet) {
	for cpu := 0; ; cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if n == 0 {
			one.Set(cpu)
			return one
		}
		n--
	}
}
