package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Corpus holds the inputs of fuzz targets on a server: those of go test -fuzz with one
// argument of bytes. The name of an input consists of its target and the hash of its
// content, so that equal inputs are stored once.
type Corpus struct{ store jetstream.ObjectStore }

const (
	corpusBucket = "gpstorm_corpus"
	// maxInput and maxCorpus bound the size of one input and of all inputs, in bytes.
	maxInput  = 1 << 20
	maxCorpus = 512 << 20
)

// Moved counts the inputs of a push or pull.
type Moved struct {
	Moved int `json:"moved"`
	Known int `json:"known"` // already present
	// Refused counts files that are no inputs, or too large.
	Refused int `json:"refused"`
}

// OpenCorpus opens the corpus of a server. It creates a missing one with that number of
// replicas on the servers of a cluster.
func OpenCorpus(ctx context.Context, nc *nats.Conn, replicas int) (*Corpus, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	store, err := js.ObjectStore(ctx, corpusBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		store, err = js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: corpusBucket, Description: "inputs of fuzz targets", MaxBytes: maxCorpus, Compression: true, Replicas: replicas,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("server: bucket %s: %w", corpusBucket, err)
	}
	return &Corpus{store}, nil
}

// target matches the name of a fuzz target.
var target = regexp.MustCompile(`^Fuzz[A-Za-z0-9_]{0,100}$`)

// inputName returns the file name that go test -fuzz gives to an input.
func inputName(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// isInput reports whether b is an input with one argument of bytes in the format of
// go test. The fuzzer would end with an error at any other.
func isInput(b []byte) bool {
	text, ok := strings.CutPrefix(string(b), "go test fuzz v1\n[]byte(")
	text, end := strings.CutSuffix(strings.TrimSuffix(text, "\n"), ")")
	if !ok || !end || len(b) > maxInput {
		return false
	}
	_, err := strconv.Unquote(text)
	return err == nil && !strings.HasPrefix(text, "'")
}

// inputs calls each with the inputs in the directories of targets below a root.
func inputs(root *os.Root, each func(target string, b []byte) error) (refused int, err error) {
	dirs, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return 0, err
	}
	for _, dir := range dirs {
		if !dir.IsDir() || !target.MatchString(dir.Name()) {
			continue
		}
		files, err := fs.ReadDir(root.FS(), dir.Name())
		if err != nil {
			return refused, err
		}
		for _, file := range files {
			info, err := file.Info()
			if err != nil || !info.Mode().IsRegular() || info.Size() > maxInput {
				refused++
				continue
			}
			b, err := root.ReadFile(path.Join(dir.Name(), file.Name()))
			if err != nil {
				return refused, err
			}
			if !isInput(b) {
				refused++
				continue
			}
			if err := each(dir.Name(), b); err != nil {
				return refused, err
			}
		}
	}
	return refused, nil
}

// Push stores the inputs of a directory that are missing on the server. The inputs are
// files in directories with the names of targets, as in the cache of go test.
func (c *Corpus) Push(ctx context.Context, dir string) (m Moved, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return m, err
	}
	defer root.Close() //nolint:errcheck // only read
	known := map[string]bool{}
	all, err := c.list(ctx)
	if err != nil {
		return m, err
	}
	for _, o := range all {
		known[o.Name] = true
	}
	m.Refused, err = inputs(root, func(target string, b []byte) error {
		name := target + "/" + inputName(b)
		if known[name] {
			m.Known++
			return nil
		}
		if _, err := c.store.Put(ctx, jetstream.ObjectMeta{Name: name}, bytes.NewReader(b)); err != nil {
			return fmt.Errorf("server: input %s: %w", name, err)
		}
		known[name] = true
		m.Moved++
		return nil
	})
	return m, err
}

// Pull writes the inputs of the server that are missing in a directory. It does not
// trust the server's names: it computes the name of an input from the content.
func (c *Corpus) Pull(ctx context.Context, dir string) (m Moved, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return m, err
	}
	root, err := os.OpenRoot(dir) // no write can leave it
	if err != nil {
		return m, err
	}
	defer root.Close() //nolint:errcheck // each file is closed
	known := map[string]bool{}
	if _, err := inputs(root, func(target string, b []byte) error { known[target+"/"+inputName(b)] = true; return nil }); err != nil {
		return m, err
	}
	all, err := c.list(ctx)
	if err != nil {
		return m, err
	}
	total := 0
	for _, o := range all {
		of, name, _ := strings.Cut(o.Name, "/")
		if known[o.Name] && target.MatchString(of) {
			m.Known++
			continue
		}
		b, err := c.get(ctx, o.Name)
		if err != nil {
			return m, err
		}
		if total += len(b); total > maxCorpus {
			return m, fmt.Errorf("server: corpus of more than %d bytes: want less", maxCorpus)
		}
		if !target.MatchString(of) || !isInput(b) || inputName(b) != name {
			m.Refused++
			continue
		}
		if err := write(root, of, name, b); err != nil {
			return m, err
		}
		m.Moved++
	}
	return m, nil
}

// list returns the objects on the server.
func (c *Corpus) list(ctx context.Context) ([]*jetstream.ObjectInfo, error) {
	all, err := c.store.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return all, nil
}

// get reads an object, up to the maximum size of an input.
func (c *Corpus) get(ctx context.Context, name string) ([]byte, error) {
	o, err := c.store.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("server: input %.100q: %w", name, err)
	}
	defer o.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(io.LimitReader(o, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("server: input %.100q: %w", name, err)
	}
	return b, nil
}

// write writes an input atomically: a partial one would end the fuzzer.
func write(root *os.Root, target, name string, b []byte) error {
	if err := root.Mkdir(target, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp := path.Join(target, "."+name)
	if err := root.WriteFile(temp, b, 0o666); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return root.Rename(temp, path.Join(target, name))
}
