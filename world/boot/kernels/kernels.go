// Package kernels keeps stock kernels of Debian in a directory of the user.
//
// They come from Debian's packages linux-binary-VERSION-cloud-amd64 of the suite
// trixie-backports, which contain only the kernel image. Apt fetches them under a
// private configuration, so the system's sources, package lists and installed
// packages do not change.
package kernels

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
)

// mostBytes is the maximum size of a store's images in bytes. Fetching another one
// removes the least recently used ones.
const mostBytes = 256 << 20

// Store is a directory of kernel images.
type Store struct {
	dir   string
	limit int64
	apt   apt
}

// Image is a kernel image of a store.
type Image struct {
	Version string    `json:"version"` // 7.0.13
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	SHA256  string    `json:"sha256"`
	Used    time.Time `json:"used"` // last use
}

// Open returns the store in a directory, which it creates when first needed. An empty
// name is gpstorm/kernels in the user's cache directory.
func Open(dir string) (*Store, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("kernels: no cache directory: %w", err)
		}
		dir = filepath.Join(cache, "gpstorm", "kernels")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("kernels: %w", err)
	}
	return &Store{dir: dir, limit: mostBytes, apt: apt{root: filepath.Join(dir, "apt"), source: debian}}, nil
}

// Dir is the directory, Limit the maximum size of its images in bytes.
func (s *Store) Dir() string  { return s.dir }
func (s *Store) Limit() int64 { return s.limit }

// version is the number of a kernel release.
var version = regexp.MustCompile(`^\d+\.\d+(\.\d+)?$`)

// CheckVersion reports a text that cannot be the version of a stock kernel.
func CheckVersion(text string) error {
	if !version.MatchString(text) {
		return named.Wrong("kernel", text, "a version such as 7.0.13")
	}
	return nil
}

// CompareVersions orders versions by their numbers.
func CompareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, errM := strconv.Atoi(x[i])
		n, errN := strconv.Atoi(y[i])
		if c := cmp.Compare(m, n); errM == nil && errN == nil && c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// Kept returns the images in the store by version.
func (s *Store) Kept() ([]Image, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kernels: %w", err)
	}
	var kept []Image
	for _, e := range entries {
		v, ok := strings.CutPrefix(e.Name(), imagePrefix)
		if !ok || !version.MatchString(v) {
			continue
		}
		if img, err := s.image(v); err == nil {
			kept = append(kept, img)
		}
	}
	slices.SortFunc(kept, func(a, b Image) int { return CompareVersions(a.Version, b.Version) })
	return kept, nil
}

// Served returns the versions that the archive serves now.
func (s *Store) Served(ctx context.Context) ([]string, error) {
	if err := s.apt.update(ctx); err != nil {
		return nil, err
	}
	return s.apt.versions(ctx)
}

// Get returns the image of a version from the store, or fetches it.
func (s *Store) Get(ctx context.Context, v string) (Image, error) {
	if err := CheckVersion(v); err != nil {
		return Image{}, err
	}
	switch img, err := s.image(v); {
	case err == nil:
		return s.use(img)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDamaged):
		return Image{}, err
	}
	return s.fetch(ctx, v)
}

// use checks an image against its hash and records the time of use.
func (s *Store) use(img Image) (Image, error) {
	sum, err := hashOf(img.Path)
	if err != nil {
		return Image{}, err
	}
	if sum != img.SHA256 {
		return Image{}, fmt.Errorf("kernels: %s: %w: want sha256 %s; remove it to fetch it again", img.Path, errDamaged, img.SHA256)
	}
	img.Used = time.Now()
	if err := os.Chtimes(img.Path, img.Used, img.Used); err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	return img, nil
}

// fetch downloads a version, checks the package against the hash in the signed index,
// and keeps its image. The error is ErrNotServed if the archive no longer has the
// version. A machine without apt is an error as well.
func (s *Store) fetch(ctx context.Context, v string) (img Image, err error) {
	if err := CheckVersion(v); err != nil {
		return Image{}, err
	}
	if err := s.apt.update(ctx); err != nil {
		return Image{}, err
	}
	scratch, err := os.MkdirTemp(s.dir, ".fetch-")
	if err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	deb, err := s.apt.download(ctx, v, scratch)
	if err != nil {
		return Image{}, err
	}
	unpacked := filepath.Join(scratch, "image")
	if err := s.apt.extract(ctx, deb, unpacked); err != nil {
		return Image{}, err
	}
	sum, err := hashOf(unpacked)
	if err != nil {
		return Image{}, err
	}
	// The hash is written first: an image without one is not in the store.
	if err := os.WriteFile(s.hashPath(v), []byte(sum+"\n"), 0o644); err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	if err := os.Rename(unpacked, s.imagePath(v)); err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	if img, err = s.image(v); err != nil {
		return Image{}, err
	}
	return img, s.evict(v)
}

const imagePrefix = "vmlinuz-"

var errDamaged = errors.New("damaged")

func (s *Store) imagePath(v string) string { return filepath.Join(s.dir, imagePrefix+v) }
func (s *Store) hashPath(v string) string  { return s.imagePath(v) + ".sha256" }

// image describes an image in the store.
func (s *Store) image(v string) (Image, error) {
	info, err := os.Stat(s.imagePath(v))
	if err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	sum, err := os.ReadFile(s.hashPath(v))
	if err != nil {
		return Image{}, fmt.Errorf("kernels: %w", err)
	}
	return Image{v, s.imagePath(v), info.Size(), strings.TrimSpace(string(sum)), info.ModTime()}, nil
}

// evict removes the least recently used images until the rest is within the limit. It
// never removes the one just fetched.
func (s *Store) evict(fetched string) error {
	kept, err := s.Kept()
	if err != nil {
		return err
	}
	var size int64
	for _, img := range kept {
		size += img.Size
	}
	slices.SortFunc(kept, func(a, b Image) int { return a.Used.Compare(b.Used) })
	for _, img := range kept {
		if size <= s.limit {
			break
		}
		if img.Version == fetched {
			continue
		}
		if err := errors.Join(os.Remove(img.Path), os.Remove(s.hashPath(img.Version))); err != nil {
			return fmt.Errorf("kernels: %w", err)
		}
		size -= img.Size
	}
	return nil
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("kernels: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("kernels: %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
