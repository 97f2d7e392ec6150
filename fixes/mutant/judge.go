package mutant

import "github.com/gpstorm/gpstorm/fixes"

// always gives one answer at a point, whatever the kernel would decide.
func always(at fixes.Point, answer bool) fixes.Judge {
	return func(p fixes.Point, _ int, is bool) bool {
		if p == at {
			return answer
		}
		return is
	}
}

// notOn answers no at a point for one CPU.
func notOn(cpu int, at fixes.Point) fixes.Judge {
	return func(p fixes.Point, c int, is bool) bool { return is && !(p == at && c == cpu) }
}

// oneInFour loses every fourth wakeup for a request.
func oneInFour() fixes.Judge {
	n := 0
	return func(p fixes.Point, _ int, is bool) bool {
		if p != fixes.WakeRequest {
			return is
		}
		n++
		return n%4 != 0
	}
}
