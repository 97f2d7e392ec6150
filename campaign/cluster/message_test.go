package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// kinds are the messages, each with an empty one to read into and a valid one.
func kinds(t testing.TB) []kind {
	c := chunk{Scenarios: []string{"name: x\nmachine: {cpus: 2, hz: 250, preempt: full, mips: 100}\nclosers: [{name: a, count: 1}]\n"}, Subjects: []string{"a"}, Trials: []chunkTrial{{Seed: 3}}}
	one := specs(t)(0)
	r := sums(one)
	one.Label(&r)
	return []kind{
		{"chunk", func() checked { return new(chunk) }, &c},
		{"answer", func() checked { return new(answer) }, &answer{Results: []trial.Result{r}, Took: 5, Worker: "w", Try: 1}},
		{"session", func() checked { return new(Session) }, &Session{ID: "A1", World: "test", AckWait: time.Second, TrialLimit: time.Second, Tries: 3}},
		{"worker", func() checked { return new(WorkerState) }, &WorkerState{Name: "w", Slots: 2, Sessions: []string{"A1"}}},
		{"proof", func() checked { return new(proof) }, &proof{Worker: "w", Slots: 2, World: "test", Canaries: []canary{{Trial: "one", Digest: "ab"}}}},
		{"question", func() checked { return new(question) }, &question{Canaries: []world.Spec{one}}},
		{"verdict", func() checked { return new(verdict) }, &verdict{Refused: "build"}},
	}
}

type kind struct {
	name  string
	empty func() checked
	valid checked
}

func TestMessagesOfAnotherVersionAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		good := packed(k.valid)
		got := k.empty()
		if err := unpack(good, got); err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		if text, want := string(packed(got)), string(good); text != want {
			t.Errorf("%s: comes back as %q, want %q", k.name, text, want)
		}
		plain, err := json.Marshal(k.valid)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := bytes.Cut(good, []byte("\n"))
		of := func(version string) []byte { return append([]byte(opening+version+"\n"), rest...) }
		for want, message := range map[string][]byte{
			"message: no version: want 1: run the same build everywhere":      plain, // as before there were versions
			"message: version 0: want 1: run the same build everywhere":       of("0"),
			"message: version 2: want 1: run the same build everywhere":       of("2"),
			"message: version 1.5: want 1: run the same build everywhere":     of("1.5"),
			"message: version none: want 1: run the same build everywhere":    of(""),
			`message: version "\x1b[": want 1: run the same build everywhere`: of("\x1b["),
		} {
			if err := unpack(message, k.empty()); err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", k.name, err, want)
			}
		}
	}
}

func TestMessagesWithValuesThatNobodySendsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, from, to, want string }{
		{"session", `"id":"A1"`, `"id":"a.b"`, "id: a.b: want letters and digits"},
		{"session", `"id":"A1"`, `"id":">"`, "id: "},
		{"session", `"ack_wait_ns":1000000000`, `"ack_wait_ns":3`, "ack_wait_ns: 3ns: want"},
		{"session", `"trial_limit_ns":1000000000`, `"trial_limit_ns":-1`, "trial_limit_ns: -1ns: want"},
		{"session", `"tries":3`, `"tries":0`, "tries: 0: want"},
		{"session", `"total":0`, `"total":-1`, "counts: want 0 or more"},
		{"session", `"total":0`, `"all":0`, "all"},
		{"worker", `"name":"w"`, `"name":""`, "worker: "},
		{"worker", `"running":0`, `"running":-1`, "counts: want 0 or more"},
		{"proof", `"slots":2`, `"slots":4611686018427387904`, "slots: 4611686018427387904: want 1 to 4096"},
		{"proof", `"worker":"w"`, `"worker":"` + strings.Repeat("w", maxName+1) + `"`, "worker: www"},
		{"verdict", `"build"`, `"` + strings.Repeat("w", maxText+1) + `"`, "refused: 65537 bytes: want"},
		{"answer", `"first":0`, `"first":-1`, "first: -1: want"},
		{"answer", `"took_ns":5`, `"took_ns":-5`, "took_ns: -5: want"},
		{"answer", `"symptom":"none"`, `"symptom":"some"`, "results[0].symptom: some: want one of"},
		{"answer", `"symptom":"none"`, `"Symptom":"none"`, "Symptom"},
		{"answer", `"wait_ns":0`, `"wait_ns":-7`, "results[0].closes[0].wait_ns: -7: want"},
	} {
		for _, k := range kinds(t) {
			if k.name != c.kind {
				continue
			}
			text, err := body(packed(k.valid))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(c.from)) {
				t.Fatalf("%s: %s has no %s", k.name, text, c.from)
			}
			text = bytes.Replace(text, []byte(c.from), []byte(c.to), 1)
			if err := decode(text, k.empty()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %.60s: error %v, want one that says %s", k.name, c.to, err, c.want)
			}
		}
	}
	for want, message := range map[string][]byte{
		"4294967295 bytes: want at most 67108864": append([]byte(opening+"1\n"), 0xff, 0xff, 0xff, 0xff, 0x0f, 0),
		"message: s2: ": []byte(opening + "1\njunk"),
	} {
		if err := unpack(message, new(verdict)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %s", err, want)
		}
	}
}

// underWay is an execution with two chunks: trials 0 to 3, and 4 and 5.
func underWay(spec func(int) world.Spec) *execution {
	e := &Executor{id: "A1", cfg: Config{World: sums}.withDefaults()}
	e.strange.notify = e.cfg.Notify
	return &execution{
		Executor: e, run: 1, n: 8, spec: spec, next: 6, held: map[int]*outcome{},
		sent: map[int]*sent{0: {first: 0, n: 4, missing: 4}, 4: {first: 4, n: 2, missing: 2}},
	}
}

// FuzzMessages gives any bytes to what reads messages. The first byte chooses the kind
// of message. It never panics; what is refused is refused in one line; what is accepted
// is valid, and only results of trials that are under way are kept.
func FuzzMessages(f *testing.F) {
	all := kinds(f)
	for i, k := range all {
		text, err := body(packed(k.valid))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte{byte(i), 0}, text...))
		for _, number := range []string{"9223372036854775807", "-1", "5"} {
			for _, field := range []string{"first", "seed", "variation", "scenario", "slots", "total", "try"} {
				other := bytes.Replace(text, []byte(`"`+field+`":0`), []byte(`"`+field+`":`+number), 1)
				if !bytes.Equal(other, text) {
					f.Add(append([]byte{byte(i), 0}, other...))
				}
			}
		}
		f.Add(packed(k.valid))
	}
	f.Add([]byte("gpstorm.result.A1.1.4"))
	numbered := specs(f)
	spec := func(i int) world.Spec {
		if i < 0 || i >= 8 {
			panic(fmt.Sprintf("trial %d of 8", i)) // as a plan does
		}
		return numbered(i)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		refused := func(err error) {
			if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 2000 {
				t.Errorf("not one clear line: %q", text)
			}
		}
		if p, ok := placeOf(string(data)); ok {
			if again, ok := placeOf(p.result()); !ok || again != p {
				t.Errorf("place %+v comes back as %+v", p, again)
			}
		}
		for _, k := range all { // as they come
			if err := unpack(data, k.empty()); err != nil {
				refused(err)
			}
		}
		if len(data) < 2 {
			return
		}
		k, first, text := all[int(data[0])%len(all)], int(data[1])%8, data[2:]
		m := k.empty()
		if err := decode(text, m); err != nil {
			refused(err)
			return
		}
		again := k.empty()
		if err := unpack(packed(m), again); err != nil {
			t.Fatalf("%s: is accepted, and not when it comes again: %v", k.name, err)
		}
		switch m := m.(type) {
		case *chunk:
			specs, err := new(decoder).specs(m)
			if err != nil {
				refused(err)
				return
			}
			for _, s := range specs {
				if err := new(world.Spec).UnmarshalJSON(marshal(t, s)); err != nil {
					t.Errorf("a trial that is not valid: %v", err)
				}
			}
		case *answer:
			x := underWay(spec)
			if err := x.read(place{"A1", 1, first}, message(text)); err != nil {
				refused(err)
				if len(x.held) > 0 || x.failure {
					t.Errorf("%d results of a refused message are kept", len(x.held))
				}
				return
			}
			missing := 0
			for _, c := range x.sent {
				missing += c.missing
			}
			if missing+len(x.held) != x.next {
				t.Errorf("%d trials are missing and %d kept, want %d together", missing, len(x.held), x.next)
			}
			for i, o := range x.held {
				var want trial.Result
				if i < 0 || i >= x.next {
					t.Fatalf("trial %d is kept, want one below %d", i, x.next)
				}
				spec(i).Label(&want)
				r := o.result
				if o.err == nil && (r.Check() != nil || r.Scenario != want.Scenario || r.Variation != want.Variation || r.Fix != want.Fix || r.Seed != want.Seed) {
					t.Errorf("trial %d: %+v is kept", i, r)
				}
			}
		case *Session:
			if m.beat() <= 0 || m.AckWait/4 <= 0 || strings.ContainsAny(m.ID, ".*> \n") {
				t.Errorf("%+v is accepted", m)
			}
		default:
			if !reflect.DeepEqual(packed(again), packed(m)) {
				t.Errorf("%s: %+v comes back as %+v", k.name, m, again)
			}
		}
	})
}

// message makes a message of its JSON.
func message(text []byte) []byte {
	return append(fmt.Appendf(nil, "%s%d\n", opening, version), s2.Encode(nil, text)...)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAServerWithoutAnybodySendsNoMessageThatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	st, err := Ask(t.Context(), r.connect(), 10*time.Second)
	if err != nil || st.Unread > 0 || len(st.Sessions)+len(st.Workers) > 0 {
		t.Errorf("status %+v, error %v; want nobody", st, err)
	}
	r.worker(sums, nil)
	e := r.executor(sums, nil)
	if _, err := lines(t, e, 10, specs(t)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.notes.String(), "refused") {
		t.Errorf("notes:\n%s\nwant nothing that is refused", r.notes)
	}
}
