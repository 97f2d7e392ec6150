package gpstorm_test

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every picture of the documents is there, opens, is small, and is shown somewhere.
func TestPicturesAreSmallAndShown(t *testing.T) {
	t.Parallel()
	const most = 60_000
	unseen := map[string]bool{}
	files, err := filepath.Glob("docs/pictures/*")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	for _, path := range files {
		unseen[filepath.ToSlash(path)] = true
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.Size() > most {
			t.Errorf("%s: %d bytes, want at most %d; %v", path, info.Size(), most, err)
		}
		if _, err := png.DecodeConfig(f); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	shown := regexp.MustCompile(`!\[[^\]]+\]\(([^):]+)\)|<img src="([^":]+)"[^>]* alt="[^"]+"`)
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(documents, "README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
			picture := filepath.ToSlash(filepath.Join(filepath.Dir(path), m[1]+m[2]))
			if strings.HasSuffix(picture, ".png") {
				if _, err := os.Stat(picture); err != nil {
					t.Errorf("%s shows %v", path, err)
				}
			}
			delete(unseen, picture)
		}
	}
	for picture := range unseen {
		t.Errorf("%s: no document shows it", picture)
	}
}
