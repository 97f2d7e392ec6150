package campaign

import (
	"io"
	"os"
)

// Merge joins the results files of all shards of a campaign, in any order, into
// the file that one run of the whole plan writes, byte for byte.
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
	shards []*reader // in order of their index; one if there are no shards
	read   int
}

// open opens results files, hands them to use and closes them.
func open(paths []string, use func(*merged) error) error {
	m := &merged{}
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
		m.shards = append(m.shards, rd)
	}
	if err := m.agree(); err != nil {
		return err
	}
	return use(m)
}

// agree puts shards in order, and is an error if they are not those of one
// campaign, each once.
func (m *merged) agree() error {
	first := m.shards[0]
	m.head = first.head
	if len(m.shards) == 1 && (m.head.Shard == nil || m.head.Shard.Of > 1) {
		return nil
	}
	m.head.Shard = nil
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
		if err := rd.head.differs(&first.head); err != nil {
			return Inputf("%s: %w, as in %s", rd.name, err, first.name)
		}
	}
	m.shards = byIndex
	return nil
}

// next returns the next trial in plan order, or io.EOF at the end of the campaign
// or where the file that has the next trial ends before it.
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

// turn is the file that has the next trial.
func (m *merged) turn() *reader {
	block := m.read / len(m.head.Fixes)
	return m.shards[block%len(m.shards)]
}

// complete is an error if a file ends too early, or has more than its part.
func (m *merged) complete() error {
	if rd := m.turn(); !m.done() {
		return Inputf("%s: holds %d trials of %d: %w", rd.name, rd.read, rd.head.Trials(), ErrIncomplete)
	}
	for _, rd := range m.shards {
		if _, err := rd.next(); err != io.EOF {
			return err // of a trial too many
		}
	}
	return nil
}
