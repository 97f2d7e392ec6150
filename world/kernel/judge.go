package kernel

import "github.com/gpstorm/gpstorm/fixes"

// judge is what is done where the kernel would decide is: that, unless the
// candidate overrules it.
func (k *Kernel) judge(p fixes.Point, cpu int, is bool) bool {
	if k.overrule == nil {
		return is
	}
	return k.overrule(p, cpu, is)
}
