package gpstorm_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The Go code in README is that of the examples, which are built and run.
func TestREADMEShowsTheCodeOfTheExamples(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for _, path := range []string{"examples/candidate/main.go", "example_test.go"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllSubmatch(readme, -1)
	if len(blocks) < 2 {
		t.Errorf("%d blocks of Go code in README, want 2 or more", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(source.String(), string(b[1])) {
			t.Errorf("README has code that no example has:\n%s", b[1])
		}
	}
}
