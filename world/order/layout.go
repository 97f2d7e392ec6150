package order

import "fmt"

// layout maps variables to locations. Location 0 is unused, so that a pointer
// can be null.
type layout struct {
	cpus, domains int
}

const (
	locHook   Loc = 1 // the tracepoint's probe: 1 hooked, 0 unhooked
	locObject Loc = 2 // the state of the object that a probe uses
	locFirst  Loc = 3
)

// The states of the object that teardown frees.
const (
	objectLive Value = iota
	objectCleared
	objectFreed
)

// perCPU is the number of counters of a CPU in a domain: locks and unlocks of two
// ranks.
const perCPU = 4

func (l layout) current(domain int) Loc {
	return locFirst + Loc(domain*(1+perCPU*l.cpus))
}

func (l layout) counter(domain, cpu int, unlock bool, rank int) Loc {
	at := l.current(domain) + 1 + Loc(cpu*perCPU+rank)
	if unlock {
		at += 2
	}
	return at
}

// domainOf returns the domain of a counter or a rank pointer.
func (l layout) domainOf(loc Loc) int { return int(loc-locFirst) / (1 + perCPU*l.cpus) }

func (l layout) size() int { return int(l.current(l.domains)) }

// name returns the name of a location in schedules.
func (l layout) name(loc Loc) string {
	switch loc {
	case locHook:
		return "hook"
	case locObject:
		return "object"
	}
	rest := int(loc - locFirst)
	d := rest / (1 + perCPU*l.cpus)
	rest %= 1 + perCPU*l.cpus
	suffix := ""
	if l.domains > 1 {
		suffix = [...]string{"@tp", "@tt"}[d]
	}
	if rest == 0 {
		return "ctrp" + suffix
	}
	rest--
	kind := "L"
	if rest%perCPU >= 2 {
		kind = "U"
	}
	return fmt.Sprintf("%s%d[cpu%d]%s", kind, rest%2, rest/perCPU, suffix)
}
