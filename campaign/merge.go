package campaign

import (
	"io"
	"os"
)

// Merge joins the results files of all shards of a campaign, in any order. The
// result equals the file of one run of the whole plan, byte for byte.
func Merge(paths []string, w io.Writer) error {
	return open(paths, func(m *merged) error {
		if m.head.Shard != nil {
			return Inputf("%s: shard: %s alone: want all %d", paths[0], m.head.Shard, m.head.Shard.Of)
		}
		if _, err := w.Write(m.head.line()); err != nil {
			return err
		}
		for {
			o, err := m.next()
			if err == io.EOF {
				return m.complete()
			}
			if err != nil {
				return err
			}
			if _, err := w.Write(o.line); err != nil {
				return err
			}
		}
	})
}

// merged reads one results file, or all shards of a campaign as if they were
// one.
type merged struct {
	head   Head
	shards []*reader // in order of their index; a single one without shards
	read   int
}

// open opens the results files of one campaign, passes them to use and closes them.
func open(paths []string, use func(*merged) error) error {
	return openAll(paths, func(all []*reader) error {
		m, err := mergedOf(all)
		if err != nil {
			return err
		}
		return use(m)
	})
}

// openAll opens results files, passes them to use and closes them.
func openAll(paths []string, use func([]*reader) error) error {
	var all []*reader
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		rd, err := newReader(path, f)
		if err != nil {
			return err
		}
		all = append(all, rd)
	}
	return use(all)
}

// mergedOf reads the files of one campaign as if they were one.
func mergedOf(all []*reader) (*merged, error) {
	m := &merged{shards: all}
	return m, m.agree()
}

// agree sorts the shards, and returns an error unless they are those of one
// campaign, each exactly once.
func (m *merged) agree() error {
	first := m.shards[0]
	m.head = first.head
	if len(m.shards) == 1 && (m.head.Shard == nil || m.head.Shard.Of > 1) {
		return nil
	}
	m.head.Shard = nil
	for _, rd := range m.shards[1:] { // files of two campaigns are no shards, whatever they say
		if err := rd.head.differs(&first.head); err != nil {
			return Inputf("%s: %w, as in %s", rd.name, err, first.name)
		}
	}
	byIndex := make([]*reader, len(m.shards))
	for _, rd := range m.shards {
		s := rd.head.Shard
		if s == nil {
			return Inputf("%s: shard: none: want a shard, as other files are given", rd.name)
		}
		if s.Of != len(m.shards) {
			return Inputf("%s: shard: %s: want %d files, not %d", rd.name, s, s.Of, len(m.shards))
		}
		if other := byIndex[s.Index-1]; other != nil {
			return Inputf("%s: shard: %s: want it once, %s is the same", rd.name, s, other.name)
		}
		byIndex[s.Index-1] = rd
	}
	m.shards = byIndex
	return nil
}

// next returns the next trial in plan order. It returns io.EOF at the end of the
// campaign, or if the file with the next trial ends before it.
func (m *merged) next() (outcome, error) {
	if m.done() {
		return outcome{}, io.EOF
	}
	o, err := m.turn().next()
	if err == nil {
		m.read++
	}
	return o, err
}

// done reports whether all trials were read.
func (m *merged) done() bool {
	if m.head.UntilDecided {
		return m.shards[0].done()
	}
	return m.read >= m.head.Trials()
}

// turn returns the file with the next trial.
func (m *merged) turn() *reader {
	block := m.read / len(m.head.Fixes)
	return m.shards[block%len(m.shards)]
}

// complete returns an error if a file is too short or too long.
func (m *merged) complete() error {
	if rd := m.turn(); !m.done() {
		return Inputf("%s: holds %d trials of %d: %w", rd.name, rd.read, rd.head.Trials(), ErrIncomplete)
	}
	for _, rd := range m.shards {
		if _, err := rd.next(); err != io.EOF {
			return err // for an extra trial
		}
	}
	return nil
}
