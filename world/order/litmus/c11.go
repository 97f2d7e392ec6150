package litmus

import (
	"fmt"
	"strings"
)

// c11Calls maps C11 functions with a memory-order argument to the equivalent
// primitives of the kernel. A dot marks the place of the order's suffix in the
// kernel's name.
var c11Calls = map[string]string{
	"atomic_load_explicit":     "atomic_read.",
	"atomic_store_explicit":    "atomic_set.",
	"atomic_exchange_explicit": "xchg.",
}

// fetchers maps C11 functions that return the old value to the kernel's. The pointer
// is the first argument in C11 and the last in the kernel.
var fetchers = map[string]string{
	"atomic_fetch_add": "add", "atomic_fetch_sub": "sub", "atomic_fetch_and": "and",
	"atomic_fetch_or": "or", "atomic_fetch_xor": "xor",
}

// c11 rewrites a call of a C11 function into the equivalent primitive of the kernel.
// It returns an error if the kernel's model has none.
func (c *call) c11() error {
	base, explicit := strings.CutSuffix(c.fn, "_explicit")
	to, access := c11Calls[c.fn]
	op, fetch := fetchers[base]
	switch {
	case c.fn == "atomic_thread_fence" && len(c.args) == 1:
		return c.c11Fence()
	case access:
	case fetch && (explicit && len(c.args) == 3 || len(c.args) == 2 && c.pointerFirst()):
		to = "atomic_fetch_" + op + "."
		c.args[0], c.args[1] = c.args[1], c.args[0]
	case c.fn == "atomic_exchange":
		c.fn = "xchg" // sequentially consistent
		return nil
	default:
		return nil
	}
	order := "memory_order_seq_cst"
	if explicit {
		if len(c.args) == 0 {
			return nil // the number of arguments is reported later
		}
		last, ok := c.args[len(c.args)-1].(name)
		if !ok {
			return &Error{c.line, c.fn + "(): want a memory order for the last argument"}
		}
		order = last.text
		c.args = c.args[:len(c.args)-1]
	}
	suffix, ok := c11Suffix(to, order)
	if !ok {
		return &Error{c.line, fmt.Sprintf("%s() with %s: want an access that the kernel's model has", c.fn, abbreviate(order))}
	}
	c.fn = strings.Replace(to, ".", suffix, 1)
	return nil
}

// pointerFirst reports whether the first argument is not a number: the order of C11.
func (c *call) pointerFirst() bool {
	_, first := c.args[0].(number)
	_, second := c.args[1].(number)
	return !first && second
}

func c11Suffix(to, order string) (string, bool) {
	atomic := !strings.HasPrefix(to, "atomic_read") && !strings.HasPrefix(to, "atomic_set")
	switch order {
	case "memory_order_relaxed", "memory_order_consume":
		if atomic {
			return "_relaxed", true
		}
		return "", true
	case "memory_order_acquire":
		return "_acquire", atomic || to == "atomic_read."
	case "memory_order_release":
		return "_release", atomic || to == "atomic_set."
	case "memory_order_seq_cst":
		return "", atomic // fully ordered, as in the kernel
	}
	return "", false
}

func (c *call) c11Fence() error {
	order, _ := c.args[0].(name)
	c.args = nil
	switch order.text {
	case "memory_order_relaxed":
		c.fn = "barrier"
	case "memory_order_seq_cst":
		c.fn = "smp_mb"
	default:
		return &Error{c.line, fmt.Sprintf("%s() with %s: want a barrier that the kernel's model has", c.fn, abbreviate(order.text))}
	}
	return nil
}
