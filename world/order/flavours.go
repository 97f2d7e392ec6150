package order

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/named"
)

// readerFlavours returns the reader flavours of this package: first those of the
// candidates, then incorrect ones.
func readerFlavours() []Reader {
	return []Reader{
		Fast(), Full(), preemptOff(), atomicCounters(),
		{Name: "fast-migrating", Section: fastMigrating},
		{Name: "nmi-safe", Section: nmiSafe},
		{Name: "no-lock-fence", Section: noLockFence},
		{Name: "no-unlock-fence", Section: noUnlockFence},
		{Name: "release-unlock", Section: releaseUnlock},
		{Name: "shared-counter", Section: sharedCounter},
		{Name: "unlock-current", Section: unlockCurrent},
		{Name: "pointer-first", Section: pointerFirst},
		outside(),
	}
}

// LookupReader returns the flavour of that name.
func LookupReader(name string) (Reader, error) {
	if r, ok := parseVariant(name); ok {
		return r, nil
	}
	var names []string
	for _, r := range readerFlavours() {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Reader{}, named.Unknown("reader", name, "a reader flavour", names)
}

// ReaderOf returns the flavour of a candidate's tracepoint readers.
func ReaderOf(r fixes.Reader) Reader {
	switch r {
	case fixes.ReaderFull:
		return Full()
	case fixes.ReaderPreemptOff:
		return preemptOff()
	case fixes.ReaderAtomic:
		return atomicCounters()
	}
	return Fast()
}

// Fast is the SRCU-fast reader: two plain per-CPU increments and no barrier
// (__srcu_read_lock_fast, __srcu_read_unlock_fast).
func Fast() Reader {
	return Reader{Name: "fast", Section: func(s *Section) {
		idx := s.Load(s.Current())
		s.Add(s.Lock(idx))
		s.Deref(s.Load(s.Hook()))
		s.Add(s.Unlock(idx))
	}}
}

// Full is the normal SRCU reader: a full barrier after the lock and one before
// the unlock (__srcu_read_lock, __srcu_read_unlock).
func Full() Reader {
	return Reader{Name: "full", Section: func(s *Section) {
		idx := s.Load(s.Current())
		s.Add(s.Lock(idx))
		s.Fence() // B
		s.Deref(s.Load(s.Hook()))
		s.Fence() // C
		s.Add(s.Unlock(idx))
	}}
}

// preemptOff is the reader before SRCU-fast: preemption disabled, so that a
// vanilla RCU grace period waits for it.
func preemptOff() Reader {
	return Reader{Name: "preempt-off", Vanilla: true, Section: func(s *Section) {
		s.EnterRCU()
		s.Deref(s.Load(s.Hook()))
		s.LeaveRCU()
	}}
}

// atomicCounters is Full with preemption disabled: the reader of fixes.ReaderAtomic.
func atomicCounters() Reader {
	full := Full()
	return Reader{Name: "atomic", Section: func(s *Section) {
		s.EnterRCU()
		full.Section(s)
		s.LeaveRCU()
	}}
}

// tasksTraceReader is the Tasks-Trace RCU reader of a kernel whose tracepoint
// readers disable preemption: either SRCU-fast, or a section that a scan for
// holdout tasks waits for.
func tasksTraceReader(t fixes.TasksTrace) Reader {
	if t == fixes.TasksTraceSRCU {
		return Fast()
	}
	return Reader{Name: "tasks-trace", Section: func(s *Section) { s.Deref(s.Load(s.Hook())) }}
}

// fastMigrating is preempted inside its section and unlocks on the next CPU.
func fastMigrating(s *Section) {
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	ptr := s.Load(s.Hook())
	s.Migrate(s.CPU() + 1)
	s.Deref(ptr)
	s.AddAtomic(s.Unlock(idx))
}

// nmiSafe increments atomically and has both barriers.
func nmiSafe(s *Section) {
	idx := s.Load(s.Current())
	s.AddAtomic(s.Lock(idx))
	s.Fence()
	s.Deref(s.Load(s.Hook()))
	s.Fence()
	s.AddAtomic(s.Unlock(idx))
}

// noLockFence is Full without barrier B.
func noLockFence(s *Section) {
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	s.Deref(s.Load(s.Hook()))
	s.Fence()
	s.Add(s.Unlock(idx))
}

// noUnlockFence is Full without barrier C.
func noUnlockFence(s *Section) {
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	s.Fence()
	s.Deref(s.Load(s.Hook()))
	s.Add(s.Unlock(idx))
}

// releaseUnlock is Full with a release increment in place of barrier C.
func releaseUnlock(s *Section) {
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	s.Fence()
	s.Deref(s.Load(s.Hook()))
	s.AddRelease(s.Unlock(idx))
}

// sharedCounter increments CPU 0's counters from every CPU, not atomically.
func sharedCounter(s *Section) {
	idx := s.Load(s.Current())
	s.AddPlain(s.LockOn(0, idx))
	s.Deref(s.Load(s.Hook()))
	s.AddPlain(s.UnlockOn(0, idx))
}

// unlockCurrent unlocks the rank that is current at the unlock, not the one that it
// locked.
func unlockCurrent(s *Section) {
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	s.Deref(s.Load(s.Hook()))
	s.Add(s.Unlock(s.Load(s.Current())))
}

// pointerFirst fetches the probe before it locks.
func pointerFirst(s *Section) {
	ptr := s.Load(s.Hook())
	idx := s.Load(s.Current())
	s.Add(s.Lock(idx))
	s.Deref(ptr)
	s.Add(s.Unlock(idx))
}

// outside never enters a section, so that only the update side is searched.
func outside() Reader {
	return Reader{Name: "outside", Section: func(s *Section) { s.Load(s.Current()) }}
}
