package order

import "github.com/gpstorm/gpstorm/fixes"

// caseBytes is the number of bytes that CaseFromBytes decodes.
const caseBytes = 9

// CaseFromBytes decodes a case of a candidate that must be safe, with readers as
// strong as the candidate assumes. It also returns the remaining bytes, which
// choose a schedule. Missing bytes are zero.
func CaseFromBytes(b []byte) (Case, []byte) {
	var head [caseBytes]byte
	rest := b[copy(head[:], b):]
	var sound []fixes.Fix
	for _, f := range fixes.All() {
		if f.Control != fixes.MustBeUnsafe {
			sound = append(sound, f)
		}
	}
	fix := sound[int(head[0])%len(sound)]
	c := For(fix, 1+int(head[1])%4, 1+int(head[2])%3, Modes()[head[3]%4])
	for i := range c.Readers {
		c.Readers[i] = suitable(fix.Reader, head[4]+byte(i)*head[8])
	}
	flags := head[5]
	c.TwoDomains = flags&1 != 0
	c.Expedited = flags&2 != 0
	c.UnregisterGP = flags&4 != 0
	c.PriorGP = flags&8 != 0
	c.MixedGP = c.PriorGP && flags&16 != 0
	c.Spurious = int(flags>>4) % (maxSpurious + 1)
	c.Preemptions = int(head[6]) % 8
	c.Retries = int(head[7]) % 8
	return c, rest
}

// suitable returns a reader flavour as strong as a candidate assumes.
func suitable(r fixes.Reader, bits byte) Reader {
	switch r {
	case fixes.ReaderPreemptOff:
		return preemptOff()
	case fixes.ReaderAtomic:
		return atomicCounters()
	case fixes.ReaderFull:
		bits |= withB | withC
	}
	return variant(bits % variants)
}
