package campaign

import (
	"io"
	"os"
	"slices"
)

// Merge writes what one run of the whole plan would have written, byte for
// byte, from the results files of all of its shards in any order.
func Merge(paths []string, w io.Writer) error {
	return open(paths, func(m *merged) error {
		if m.head.Shard != nil {
			return Inputf("%s: shard %s alone, want all %d", paths[0], m.head.Shard, m.head.Shard.Of)
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
	shards []*Reader // in order of their index; one if there are no shards
	read   int
}

// open opens results files, gives them to use and closes them.
func open(paths []string, use func(*merged) error) error {
	m := &merged{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		rd, err := NewReader(path, f)
		if err != nil {
			return err
		}
		m.shards = append(m.shards, rd)
	}
	if err := m.agree(); err != nil {
		return err
	}
	return use(m)
}

func (m *merged) agree() error {
	first := m.shards[0]
	m.head = first.Head
	if len(m.shards) == 1 && (m.head.Shard == nil || m.head.Shard.Of > 1) {
		return nil
	}
	m.head.Shard = nil
	byIndex := make([]*Reader, len(m.shards))
	for _, rd := range m.shards {
		s := rd.Head.Shard
		if s == nil {
			return Inputf("%s: not a shard, and cannot be merged with others", rd.name)
		}
		if s.Of != len(m.shards) {
			return Inputf("%s: shard %s, but %d files are given", rd.name, s, len(m.shards))
		}
		if other := byIndex[s.Index-1]; other != nil {
			return Inputf("%s: shard %s, and so is %s", rd.name, s, other.name)
		}
		byIndex[s.Index-1] = rd
		if err := rd.Head.differs(&first.Head); err != nil {
			return Inputf("%s: %w, as in %s", rd.name, err, first.name)
		}
	}
	m.shards = byIndex
	return nil
}

// next returns the next trial in plan order, or io.EOF where the first shard
// that is asked for more has no more.
func (m *merged) next() (outcome, error) {
	block := m.read / len(m.head.Fixes)
	o, err := m.shards[block%len(m.shards)].next()
	if err == nil {
		m.read++
	}
	return o, err
}

// complete reports what is missing.
func (m *merged) complete() error {
	if i := slices.IndexFunc(m.shards, func(rd *Reader) bool {
		_, err := rd.next()
		return err != io.EOF || rd.read < rd.Head.Trials()
	}); i >= 0 {
		rd := m.shards[i]
		return Inputf("%s: holds %d trials of %d: %w", rd.name, rd.read, rd.Head.Trials(), ErrIncomplete)
	}
	return nil
}
