package litmus

import (
	"fmt"
	"strings"
)

// FromBytes generates a small test from any bytes: two or three threads of accesses,
// barriers, dependencies, pointers, atomics, locks and grace periods, and a
// condition on some of the registers. Each byte is one decision; missing bytes
// are zero.
func FromBytes(b []byte) string {
	g := &generator{bytes: b}
	return g.test()
}

type generator struct {
	bytes []byte
	out   strings.Builder
	regs  int      // of this thread
	named []string // thread:register, for the condition
}

func (g *generator) pick(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	v := int(g.bytes[0]) % n
	g.bytes = g.bytes[1:]
	return v
}

func (g *generator) loc() string { return string("xyz"[g.pick(3)]) }

func (g *generator) test() string {
	g.out.WriteString("C generated\n\n{}\n")
	threads := 2 + g.pick(2)
	for t := range threads {
		g.regs = 0
		fmt.Fprintf(&g.out, "\nP%d(int *x, int *y, int *z, int **p, spinlock_t *l, struct srcu_struct *s)\n{\n", t)
		for range 2 + g.pick(3) {
			g.statement()
		}
		g.out.WriteString("}\n")
		for r := range g.regs {
			g.named = append(g.named, fmt.Sprintf("%d:r%d", t, r))
		}
	}
	var atoms []string
	for _, n := range g.named {
		if k := g.pick(4); k < 3 {
			atoms = append(atoms, fmt.Sprintf("%s=%d", n, k))
		}
	}
	if g.pick(2) == 1 || len(atoms) == 0 {
		atoms = append(atoms, fmt.Sprintf("%s=%d", g.loc(), g.pick(3)))
	}
	fmt.Fprintf(&g.out, "\nexists (%s)\n", strings.Join(atoms, " /\\ "))
	return g.out.String()
}

// reg returns the register that the next load sets.
func (g *generator) reg() string {
	g.regs++
	return fmt.Sprintf("r%d", g.regs-1)
}

// source returns a register that was set, or a constant if there is none.
func (g *generator) source() string {
	if g.regs == 0 {
		return "1"
	}
	return fmt.Sprintf("r%d", g.pick(g.regs))
}

func (g *generator) line(format string, args ...any) {
	fmt.Fprintf(&g.out, "\t"+format+"\n", args...)
}

func (g *generator) access() {
	switch g.pick(18) {
	case 0, 1:
		g.line("WRITE_ONCE(*%s, %d);", g.loc(), 1+g.pick(2))
	case 2, 3:
		v := g.loc()
		g.line("int %s = READ_ONCE(*%s);", g.reg(), v)
	case 4:
		g.line("smp_store_release(%s, %d);", g.loc(), 1+g.pick(2))
	case 5:
		v := g.loc()
		g.line("int %s = smp_load_acquire(%s);", g.reg(), v)
	case 6:
		g.line("WRITE_ONCE(*%s, %s);", g.loc(), g.source())
	case 7:
		g.line("if (%s)\n\t\tWRITE_ONCE(*%s, 1);", g.source(), g.loc())
	case 8:
		v := g.loc()
		order := []string{"", "_relaxed", "_acquire", "_release"}[g.pick(4)]
		g.line("int %s = xchg%s(%s, %d);", g.reg(), order, v, 1+g.pick(2))
	case 9:
		g.line("atomic_inc(%s);", g.loc())
	case 10:
		v, s := g.loc(), g.source()
		g.line("int *q%d = %s + (%s - %s);", g.regs, v, s, s)
		k := g.regs
		g.line("int %s = READ_ONCE(*q%d);", g.reg(), k)
	case 11:
		v := g.loc()
		g.line("int %s = cmpxchg(%s, 0, %d);", g.reg(), v, 1+g.pick(2))
	case 12:
		g.line("*%s = %s;", g.loc(), g.source())
	case 13:
		v := g.loc()
		g.line("int %s = *%s;", g.reg(), v)
	case 14: // a branch that contains no store
		s, v := g.source(), g.loc()
		g.line("int v%d = %d;", g.regs, 1+g.pick(3))
		g.line("if (%s == %d)\n\t\tv%d = %d;", s, g.pick(2), g.regs, g.pick(3))
		g.line("WRITE_ONCE(*%s, v%d);", v, g.regs)
	case 15:
		v := g.loc()
		g.line("int %s = atomic_add_unless(%s, 1, %d);", g.reg(), v, g.pick(2))
	case 16:
		g.line("rcu_assign_pointer(*p, %s);", g.loc())
	case 17: // the pointer may be null
		k := g.regs
		g.line("int *q%d = rcu_dereference(*p);", k)
		g.line("int %s = READ_ONCE(*q%d);", g.reg(), k)
	}
}

// unlock ends the SRCU section of lock k, or makes a mistake.
func (g *generator) unlock(k int) {
	switch g.pick(12) {
	default:
		g.line("srcu_read_unlock(s, i%d);", k)
	case 9:
		g.line("srcu_read_unlock(s, i%d + 1);", k)
	case 10:
		g.line("int j%d = srcu_read_lock(s);\n\tsrcu_read_unlock(s, i%d);\n\tsrcu_read_unlock(s, j%d);", k, k, k)
	case 11:
		g.line("srcu_read_unlock(s, %s);", g.source())
	}
}

func (g *generator) statement() {
	switch g.pick(18) {
	default:
		g.access()
	case 8:
		g.line("smp_mb();")
	case 9:
		g.line("smp_rmb();")
	case 10:
		g.line("smp_wmb();")
	case 11:
		g.line("rcu_read_lock();")
		g.access()
		g.access()
		g.line("rcu_read_unlock();")
	case 12:
		g.line("synchronize_rcu();")
	case 13:
		g.line("spin_lock(l);")
		if g.pick(4) == 0 {
			g.line("smp_mb__after_spinlock();")
		}
		g.access()
		g.line("spin_unlock(l);")
	case 14:
		k := g.regs
		g.line("int i%d = srcu_read_lock(s);", k)
		if g.pick(3) > 0 {
			g.access()
			g.access()
		}
		g.unlock(k)
		if g.pick(6) == 0 {
			g.line("smp_mb__after_srcu_read_unlock();")
		}
	case 15:
		switch g.pick(4) {
		case 0, 1:
			g.line("synchronize_srcu(s);")
		case 2:
			g.line("smp_mb__after_atomic();")
		case 3:
			g.line("smp_mb__before_atomic();")
		}
	case 16:
		g.line("spin_lock(l);")
		if g.pick(2) == 0 {
			g.line("smp_mb__after_unlock_lock();")
		}
		g.line("spin_unlock(l);")
	case 17:
		g.line("if (spin_trylock(l)) {")
		g.line("\tWRITE_ONCE(*%s, %d);", g.loc(), 1+g.pick(2))
		g.line("\tspin_unlock(l);\n\t}")
	}
}
