package campaign

import (
	"bytes"
	"testing"
)

// Files of two worlds are two campaigns, each with its shards; the first file's world is
// first.
func TestFilesOfWorldsAreSummedUpApart(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	parts := shards(t, p, 2)
	whole := runToFile(t, p, in(synthetic), Options{})
	name := []byte(`"world":"` + in(synthetic).Name() + `"`)
	if !bytes.Contains(whole, name) {
		t.Fatalf("no %s in %.80s", name, whole)
	}
	other := write(t, bytes.Replace(whole, name, []byte(`"world":"elsewhere"`), 1))
	all, err := SummarizeWorlds([]string{parts[1], other, parts[0]})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Head.World == "elsewhere" || all[1].Head.World != "elsewhere" || all[0].Trials != all[1].Trials || all[0].Head.Shard != nil {
		t.Errorf("%d campaigns, first of %s with %d trials", len(all), all[0].Head.World, all[0].Trials)
	}
	if _, err := SummarizeWorlds([]string{parts[0], other, other}); err == nil {
		t.Error("the same file twice: no error")
	}
}
