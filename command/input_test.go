package command

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// grammar is the form of all bad input, with the program's name before it.
var grammar = regexp.MustCompile(`^gpstorm: .+: .+: want .+\n$`)

// refused checks that a command line is bad input and nothing else: exit 2, one
// line on stderr in the form of all such errors, nothing on stdout.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that a line that is not refused ends soon
	got := invokeIn(ctx, Program{Name: "gpstorm"}, args...)
	if got.code != exitBadInput || got.out != "" || strings.Count(got.errors, "\n") != 1 || !grammar.MatchString(got.errors) {
		t.Errorf("exit %d, stdout %q, stderr %q; want exit 2 and FIELD: VALUE: want WHAT", got.code, got.out[:min(len(got.out), 200)], got.errors)
	}
	return got.errors
}

// ofType are values that a flag of the type refuses.
var ofType = map[string][]string{
	"bool":     {"maybe", ""},
	"int":      {"abc", "1.5", "", "99999999999999999999"},
	"uint64":   {"abc", "-1", "1.5", "99999999999999999999"},
	"duration": {"10", "abc", ""},
	"percent":  {"lots", "", "NaN", "%", "5", "-1", "101%"},
	"file":     {"no/such/file", ".", "", strings.Repeat("x", 300)},
	"dir":      {"", "input_test.go", strings.Repeat("x", 300)},
	"world":    {"", "boot", "Kernel"},
	"url":      {"", "host", "http://host", "nats://", "nats://a,b"},
	"address":  {"", "host", ":x", "127.0.0.1:65536", "127.0.0.1:"},
	"workers":  {"", "4", "local:0", "local:257", "remote:4"},
}

// ofFlag are values of the right type that a flag refuses: of every flag that
// takes a text, and of numbers that have bounds. Without a command it is every
// command's.
var ofFlag = map[string][]string{
	"evaluate --scenario":      {"nosuch", "nosuch.yaml", ""},
	"evaluate --fix":           {"nosuch", "", "callrcu+poll", "baseline+poll", "callrcu+"},
	"evaluate --shard":         {"3/2", "0/2", "x", ""},
	"evaluate --variations":    {"0", "-1", "10000001"},
	"evaluate --rare":          {"-1", "0", "99"},
	"evaluate --rare-limit":    {"-1", "0", "100000"},
	"run --fix":                {"nosuch", ""},
	"run --variation":          {"-1", "10000000"},
	"run --world":              {"nosuch", ""},
	"evaluate --world":         {"nosuch", ""},
	"run --window":             {"1s-2s", ""},
	"replay --window":          {"1s-2s", ""},
	"shrink --fix":             {"nosuch", ""},
	"shrink --budget":          {"0", "-1"},
	"margin --axis":            {"colour", ""},
	"margin --scenario":        {"nosuch", "crowded"},
	"margin --world":           {"live"},
	"shrink --world":           {"live"},
	"margin --fix":             {"nosuch"},
	"gate --exec":              {""},
	"gate --control":           {""},
	"gate --policy":            {"nosuch.yaml", ".", ""},
	"gate --fix":               {"nosuch"},
	"gate --scenario":          {"nosuch"},
	"gate --max-hang-rate":     {"100%", "-1%", "0%"},
	"gate --max-p99":           {"-1s"},
	"gate --min-margin":        {"lots", "95", "10%"},
	"gate --margin-axis":       {"colour"},
	"gate --margin-level":      {"0%", "100%"},
	"gate --margin-scenario":   {"nosuch", "calm"},
	"gate --confidence":        {"10%", "100%"},
	"gate --budget":            {"100", "20000000"},
	"explore --fix":            {"nosuch", ""},
	"explore --reader":         {"nosuch"},
	"explore --mode":           {"arm", ""},
	"explore --readers":        {"0", "7"},
	"explore --sections":       {"0", "9"},
	"explore --spurious":       {"-1", "5"},
	"explore --retries":        {"-1"},
	"explore --preemptions":    {"-1", "101"},
	"explore --random":         {"-1"},
	"explore --pct":            {"-1", "17"},
	"explore --runs":           {"0", "-1"},
	"explore --states":         {"-1"},
	"explore --drop":           {"nosuch"},
	"litmus --model":           {"arm", ""},
	"report --margins":         {"nosuch.jsonl", ".", ""},
	"rare --fix":               {"nosuch", ""},
	"rare --world":             {"live"},
	"rare --threshold":         {"-1s", "24h"},
	"rare --trials":            {"0", "-1", "99"},
	"rare --max-trials":        {"-1", "1", "20999"},
	"rare --replicates":        {"0", "7", "1001"},
	"rare --floor":             {"0", "1", "NaN"},
	"rare --confidence":        {"10%", "100%"},
	"certify --fix":            {"nosuch", ""},
	"certify --scenario":       {"nosuch", "nosuch.yaml", ""},
	"certify --boots":          {"nosuch.jsonl", "."},
	"certify --world":          {"live"},
	"certify --max-hang-rate":  {"0", "1", "-1%", "100%", "1e-13"},
	"certify --confidence":     {"10%", "100%"},
	"certify --trials":         {"0", "-1", "99"},
	"certify --replicates":     {"0", "7", "1001"},
	"verify --replicates":      {"0", "-1"},
	"export --fix":             {"nosuch", ""},
	"export --trials":          {"0", "-1"},
	"export --per-hour":        {"-1", "NaN", "1e10"},
	"runs --max-hang-rate":     {"0%", "100%", "-1%"},
	"runs --confidence":        {"10%", "100%"},
	"runs --power":             {"10%", "100%"},
	"runs --seen":              {"3", "3/2", "-1/2", "0/0", "1/2/3", ""},
	"runs --before":            {"3", "0/40", "41/40", "-1/2", "1/2000000000", ""},
	"runs --better":            {"0", "0.5", "NaN", "Inf"},
	"runs --tell":              {"5%", "5%,5%", "5%,101%", "5%,NaN", ",", ""},
	"runs --per-hour":          {"-1", "NaN", "Inf"},
	"runs --per-boot":          {"0", "-1"},
	"torture --fix":            {"nosuch"},
	"--parallel":               {"4097", "-1"},
	"--nats-token":             {"nosuch.txt", ".", ""},
	"--nats-creds":             {"nosuch.creds"},
	"--nats-ca":                {"nosuch.pem"},
	"--nats-cert":              {"nosuch.pem"},
	"--nats-key":               {"nosuch.pem"},
	"evaluate --nats-replicas": {"0", "2", "3"},
	"rare --nats-replicas":     {"2"},
	"certify --nats-replicas":  {"2"},
	"shrink --nats-replicas":   {"2"},
	"margin --nats-replicas":   {"0", "2", "3"},
	"gate --nats-replicas":     {"0", "2", "3"},
	"serve --listen":           {"nosuch", "127.0.0.1:x", "127.0.0.1:65536", ""},
	"serve --token":            {"nosuch.txt", "input_test.go/x", ""},
	"serve --tls-cert":         {"nosuch.pem"},
	"serve --tls-key":          {"nosuch.pem"},
	"serve --tls-client-ca":    {"nosuch.pem"},
	"worker --idle":            {"-1s"},
	"status --within":          {"0s", "-1s"},
	"torture --scenario":       {"nosuch"},
	"run --kernel":             {"base=7.0.13", "nosuch"}, // without world boot
	"evaluate --kernel":        {"base=7.0.13", "nosuch"},
	"evaluate --boots":         {"0", "3"},
	"gate --kernel":            {"base=7.0.13", "nosuch"},
	"validate --kernel":        {"base=7.0.13", "nosuch"},
	"validate --scenario":      {"boot-calm", "nosuch"}, // without --boot
	"detach --fix":             {"nosuch", ""},
	"detach --kind":            {"nosuch", ""},
	"detach --cpus":            {"0", "257", "x", ""},
	"detach --scenario":        {"nosuch", "nosuch.yaml", ""},
	"validate --boots":         {"0", "3"},
	"validate --recordings":    {"nosuch.jsonl", "."},
	"torture --duration":       {"0s", "-1s"},
	"torture --readers":        {"-1", "1001"},
	"torture --updaters":       {"-1", "1001"},
	"torture --stall-after":    {"0s", "-1s"},
}

// with holds the other arguments of a command line in which only the flag is wrong.
var with = map[string][]string{
	"run": {"calm"}, "rare": {"calm"}, "replay": {"gps2.AAAA"}, "shrink": {"calm"}, "merge": {"a.jsonl"}, "report": {"a.jsonl"}, "litmus": {"a.litmus"},
	"status": {"--nats=nats://127.0.0.1:1"}, "status --nats": {}, "worker": {"--nats=nats://127.0.0.1:1"}, "worker --nats": {},
	"export":  {"calm", "--rcutorture"},
	"certify": {"--fix=poll", "--max-hang-rate=1%"}, "certify --fix": {"--max-hang-rate=1%"}, "certify --max-hang-rate": {"--fix=poll"}, "verify": {"a.json"},
	"gate": {"--fix=throttle"}, "gate --fix": {}, "gate --max-hang-rate": {"--fix=throttle"},
	"gate --margin-axis": {"--fix=throttle", "--min-margin=95%"}, "gate --margin-level": {"--fix=throttle", "--min-margin=95%"},
	"gate --margin-scenario": {"--fix=throttle", "--min-margin=95%"},
	"runs":                   {"--max-hang-rate=1%"}, "runs --max-hang-rate": {}, "runs --better": {"--before=3/40"},
	"evaluate --shard": {"--out=" + filepath.Join(os.TempDir(), "gpstorm-never.jsonl")}, "explore --runs": {"--pct=3"},
}

func TestEveryFlagOfEveryCommandRefusesBadInput(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, cmd := range commands(t).Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		flags(cmd, func(f *pflag.Flag) {
			name := cmd.Name() + " --" + f.Name
			seen[name], seen["--"+f.Name] = true, true
			tables := [][]string{ofType[f.Value.Type()], ofFlag["--"+f.Name], ofFlag[name]}
			if testing.Short() {
				for i, values := range tables {
					tables[i] = values[:min(1, len(values))]
				}
			}
			bad := slices.Concat(tables...)
			if len(bad) == 0 {
				t.Errorf("%s: no bad value of it is tried here", name)
			}
			args, ok := with[name]
			if !ok {
				args = with[cmd.Name()]
			}
			for _, value := range bad {
				t.Run(name+"="+value, func(t *testing.T) {
					t.Parallel()
					refused(t, append([]string{cmd.Name(), "--" + f.Name + "=" + value}, args...)...)
				})
			}
		})
	}
	for name := range ofFlag {
		if !seen[name] {
			t.Errorf("%s: no such flag", name)
		}
	}
}

func TestEveryFlagOfOneValueIsGivenOnce(t *testing.T) {
	t.Parallel()
	good := map[string]string{"bool": "true", "int": "1", "uint64": "1", "duration": "1s", "percent": "1%", "string": "x", "dir": "x", "file": "x", "world": "kernel",
		"url": "nats://h:1", "workers": "local:1", "address": "127.0.0.1:0", "float64": "2", "k/n": "1/2", "percent,percent": "5%,1%"}
	for _, cmd := range commands(t).Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		flags(cmd, func(f *pflag.Flag) {
			if _, several := f.Value.(pflag.SliceValue); several {
				return
			}
			value, ok := good[f.Value.Type()]
			if !ok {
				t.Fatalf("%s --%s: type %s is not known here", cmd.Name(), f.Name, f.Value.Type())
			}
			got := refused(t, cmd.Name(), "--"+f.Name+"="+value, "--"+f.Name+"="+value)
			if want := "--" + f.Name + ": " + value + ": want one value; " + value + " is given already"; !strings.Contains(got, want) {
				t.Errorf("%s --%s twice: %s", cmd.Name(), f.Name, got)
			}
		})
	}
}

// flags calls f for each flag of a command but --help.
func flags(cmd *cobra.Command, f func(*pflag.Flag)) {
	each := func(flag *pflag.Flag) {
		if flag.Name != "help" {
			f(flag)
		}
	}
	cmd.NonInheritedFlags().VisitAll(each)
	cmd.InheritedFlags().VisitAll(each)
}

func TestBadCommandLinesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const machine = "name: x\nmachine: {cpus: 2, hz: 250, preempt: full, mips: 100}\nclosers: [{name: a, count: 1}]\n"
	empty := file("empty.jsonl", "")
	policy := func(name, text string) []string { return []string{"gate", "--policy", file(name, text)} }
	for _, c := range []struct {
		args []string
		want string
	}{
		// Commands, arguments and flags that are none.
		{[]string{"nosuch"}, `command: nosuch: want one of certify, corpus, detach, evaluate, `},
		{[]string{"run"}, `run: no argument: want a scenario`},
		{[]string{"run", "calm", "light"}, `run: light: want one argument`},
		{[]string{"run", "calm", "--nosuch"}, `--nosuch: unknown flag: want a flag that gpstorm run --help lists`},
		{[]string{"run", "calm", "-x"}, `-x: unknown flag: want a flag`},
		{[]string{"run", "calm", "--seed"}, `--seed: no value: want a whole number`},
		{[]string{"run", "calm", "--seed", "minus"}, `--seed: minus: want a whole number`},
		{[]string{"run", "calm", "--=3"}, `--=3: not a flag: want a flag that`},
		{[]string{"run", "calm", "--fix", "baseline", "--fix", "poll"}, `--fix: poll: want one value; baseline is given already`},
		{[]string{"run", "calm", "-q", "-q"}, `--quiet: true: want one value; true is given already`},
		{[]string{"evaluate", "x"}, `evaluate: x: want no argument`},
		{[]string{"explore", "x"}, `explore: x: want no argument`},
		{[]string{"evluate"}, `command: evluate: want a command; did you mean evaluate?`},
		{[]string{"kernels", "fecth"}, `kernels: fecth: want a command; did you mean fetch?`},
		{[]string{"kernels", "frob"}, `kernels: frob: want one of build-fix, fetch, list`},
		{[]string{"corpus", "frob"}, `corpus: frob: want one of pull, push`},
		{[]string{"list", "nosuch"}, `kind: nosuch: want one of candidates, `},
		{[]string{"list", "candidates", "x"}, `list: x: want one of candidates, `},
		{[]string{"replay"}, `replay: no argument: want a token or a failure file`},
		{[]string{"replay", "gps2.AAAA", "--seed", "3"}, `--seed: unknown flag: want a flag that gpstorm replay --help lists`},
		{[]string{"list", "--seed", "3"}, `--seed: unknown flag: want a flag that gpstorm list --help lists`},
		{[]string{"merge", empty, "--seed", "3"}, `--seed: unknown flag`},
		{[]string{"validate", "--seed", "3"}, `--seed: unknown flag`},
		{[]string{"version", "--seed", "3"}, `--seed: unknown flag`},
		{[]string{"evaluate", "--variations", "0"}, `gpstorm: --variations: 0: want `},
		{[]string{"rare", "calm", "--trials", "1"}, `gpstorm: --trials: 1: want 100 to 1000000`},
		{[]string{"shrink", "repo2"}, `scenario: repo2: want a scenario; did you mean repro2?`},
		{[]string{"shrink", "nosuch.yaml"}, `scenario: nosuch.yaml: want a file that can be read`},
		{[]string{"run", "/dev/zero"}, `scenario: /dev/zero: want a file that can be read (longer than 16 MiB)`},
		{[]string{"report", "/dev/zero"}, `/dev/zero: line 1: length: more than 64 MiB: want a line of results`},
		{[]string{"litmus"}, `litmus: no argument: want a litmus file`},
		{[]string{"merge"}, `merge: no argument: want a results file`},
		{[]string{"report"}, `report: no argument: want a results file`},
		{[]string{"completion", "nosuch"}, `completion: nosuch: want one of bash, fish, powershell, zsh`},
		{[]string{"completion", "bash", "x"}, `bash: x: want no argument`},
		{[]string{"help", "nosuch"}, `command: nosuch: want one of certify, corpus, detach, evaluate, `},

		// Flags that do not go together.
		{[]string{"evaluate", "--resume"}, `--resume: true: want --out`},
		{[]string{"evaluate", "--shard", "1/2"}, `--shard: 1/2: want --out`},
		{[]string{"evaluate", "--markdown", "--csv"}, `--csv: given: want one form of output; --markdown is given already`},
		{[]string{"gate", "--json", "--markdown"}, `--markdown: given: want one form of output; --json is given already`},
		{[]string{"explore", "--guided", "--uniform"}, `--guided: given: want one way to sample; --uniform is given already`},
		{[]string{"explore", "--orderings", "--html", filepath.Join(dir, "x.html")}, `x.html: want no --orderings beside it`},
		{[]string{"evaluate", "--out", filepath.Join(dir, "x.jsonl"), "--shard", "1/2", "--html", filepath.Join(dir, "x.html")}, `x.html: want no --shard beside it: report makes it of all shards`},
		{[]string{"evaluate", "--out", filepath.Join(dir, "x.jsonl"), "--shard", "1/2", "--step-summary"}, `--step-summary: true: want `},
		{[]string{"litmus", "--parallel", "4097", "x.litmus"}, `--parallel: 4097: want 0 to 4096`},
		{[]string{"run", "calm", "--world", "live", "--fix", "nosuch"}, `--fix: nosuch: want a strategy, teardown, candidate, mutant or null: blocking, `},
		{[]string{"run", "calm", "--dmesg", "--json"}, `--dmesg: true: want neither --json nor --log`},
		{[]string{"run", "calm", "--trace", filepath.Join(dir, "x.json"), "--window", "2s-1s"}, `--window: 2s-1s: want two times`},
		{[]string{"run", "calm", "--window", "1s-2s"}, `--window: 1s-2s: want --trace or --ftrace`},
		{[]string{"run", "calm", "--trace", "x.dat"}, `--trace: x.dat: want --ftrace for trace.dat`},

		{[]string{"evaluate", "--nats", "nats://h:1", "--workers", "local:2"}, `--workers: given: want one place to run trials; --nats is given already`},
		{[]string{"evaluate", "--parallel", "2", "--nats", "nats://h:1"}, `--nats: given: want one place to run trials; --parallel is given already`},
		{[]string{"evaluate", "--nats-replicas", "3"}, `--nats-replicas: 3: want --nats`},
		{[]string{"worker"}, `--nats: not given: want an address`},
		{[]string{"serve", "--tls-cert", empty}, `empty.jsonl: want both --tls-cert and --tls-key`},
		{[]string{"worker", "--nats", "nats://127.0.0.1:1", "--nats-token", empty}, `empty.jsonl: want a file with a token`},
		{[]string{"man", "--out", "/proc/nosuch/man"}, `--out: /proc/nosuch/man: want a directory that can be made`},
		{[]string{"serve", "--token", file("short.txt", "secret")}, `want a file with a token of 16 characters or more`},

		{[]string{"detach", "--fix", "poll", "--fix", ""}, `--fix: "": want texts that are not empty, with commas between`},
		{[]string{"detach", "--kind", "kprobe", "--cpus", "1", "--cpus", ""}, `--cpus: "": want texts`},
		{[]string{"detach", "--fix", "poll,"}, `--fix: "": want a candidate`},

		// Names and files that are none.
		{[]string{"run", "repro"}, `scenario: repro: want a scenario; did you mean repro2?`},
		{[]string{"run", "calm", "--fix", "calrcu"}, `gpstorm: --fix: calrcu: want a candidate or mutant; did you mean callrcu?`},
		{[]string{"run", filepath.Join(dir, "no.yaml")}, `no.yaml: want a file that can be read (no such file or directory)`},
		{[]string{"report", filepath.Join(dir, "no.jsonl")}, `no.jsonl: want a file that can be read (no such file or directory)`},
		{[]string{"report", dir}, `want a directory of histograms`},
		{[]string{"report", empty}, `empty.jsonl: empty`},
		{[]string{"merge", empty, "--out", empty}, `empty.jsonl: want another file than `},
		{[]string{"litmus", filepath.Join(dir, "no.litmus")}, `no.litmus: want a file that can be read`},
		{[]string{"litmus", os.DevNull}, `want a regular file`},
		{[]string{"run", file("field.yaml", "name: x\nmachine: {cpu: 2, hz: 250, preempt: full, mips: 100}\n")}, `field.yaml: 2:11: machine: cpu: want a field; did you mean cpus?`},
		{[]string{"run", file("horizon.yaml", machine+"horizon: -3s\n")}, `horizon: -3s`},
		{[]string{"run", file("cpus.yaml", strings.Replace(machine, "cpus: 2", "cpus: 0", 1))}, `cpus: 0`},
		{[]string{"evaluate", "--scenario", file("own.yaml", strings.Replace(machine, "name: x", "name: repro2", 1))}, `own.yaml: want another name in the file than repro2, which is a preset's`},
		{[]string{"evaluate", "--scenario", file("own2.yaml", strings.Replace(machine, "name: x", "name: boot-calm", 1))}, `own2.yaml: want another name in the file than boot-calm, which is a preset's`},
		{[]string{"gate", "--fix", "poll", "--scenario", file("own3.yaml", strings.Replace(machine, "name: x", "name: calm", 1))}, `own3.yaml: want another name in the file than calm, which is a preset's`},
		{append(policy("own.policy", "fixes: [poll]\nscenarios: ["+file("own4.yaml", strings.Replace(machine, "name: x", "name: heavy", 1))+"]\n"), "-q"), `own4.yaml: want another name in the file than heavy`},

		// Tokens.
		{[]string{"replay", "gps2.AAAA"}, `gps2.AAAA`},
		{[]string{"replay", "nosuch"}, `token: nosuch: want a token, which begins with gps2., or a failure file`},
		{[]string{"replay", file("notes.txt", "notes\n")}, `notes.txt: line 1: `},

		{[]string{"replay", "gps3.AAAA"}, `gps3.AAAA`},
		{[]string{"replay", "gps1.AAAA"}, `cut or altered`},

		// Worlds that cannot carry a command.
		{[]string{"run", "calm", "--world", "live", "--log"}, `--world: live: want a world with a console`},
		{[]string{"run", "calm", "--world", "live", "--ftrace", filepath.Join(dir, "x.txt")}, `--world: live: want kernel, for --trace and --ftrace`},
		{[]string{"gate", "--fix", "poll", "--world", "live", "--min-margin", "95%"}, `--world: live: want a world that measures the load of storms`},

		// Policies of a gate: every field of a file is read, and refused if wrong.
		{[]string{"gate"}, `gpstorm: --fix: none: want at least one candidate`},
		{[]string{"gate", "--fix", "throttle", "--max-hang-rate", "0%"}, `gpstorm: --max-hang-rate: 0%: want above 0%, or another limit beside it`},
		{[]string{"gate", "--exec", "true", "--control", "false", "--max-hang-rate", "0%"}, `gpstorm: --max-hang-rate: 0%: want above 0%, or another limit beside it`},
		{[]string{"gate", "--fix", "throttle", "--max-hang-rate", "5"}, `gpstorm: --max-hang-rate: 5: want a percentage, 1% say, or a share from 0 to 1`},
		{policy("share.yaml", "fixes: [throttle]\nmax_hang_rate: 5\n"), `share.yaml:2: max_hang_rate: 5: want a percentage, 1% say, or a share from 0 to 1`},
		{[]string{"gate", "--fix", "throttle", "--margin-level", "50%"}, `gpstorm: --margin-level: 50%: want a min margin beside it`},
		{[]string{"gate", "--fix", "throttle", "--min-margin", "95%", "--margin-axis", "handler"}, `want the time of a sample, 2ms say, on axis handler`},
		{[]string{"gate", "--fix", "throttle", "--min-margin", "216", "--margin-axis", "readers"}, `216`},
		{policy("mark.yaml", "\ufefffixes: [nosuch]\n"), `--fix: nosuch: want a candidate`},
		{[]string{"run", file("mark2.yaml", "\ufeff"+machine), "--fix", "nosuch"}, `--fix: nosuch: want a candidate`},
		{policy("unknown.yaml", "fixes: [throttle]\nmax_hangs: 1%\n"), `unknown.yaml:2: max_hangs: unknown field: want one of fixes, scenarios, max_hang_rate`},
		{policy("unit.yaml", "fixes: [throttle]\nmax_p99: 30\n"), `unit.yaml:2: max_p99: 30: want a duration, 30s say`},
		{append(policy("unit2.yaml", "fixes: [throttle]\nmax_p99: 30\n"), "--max-p99=30s"), `unit2.yaml:2: max_p99: 30: want a duration, 30s say`},
		{policy("null.yaml", "fixes: [throttle]\nmax_hang_rate:\n"), `null.yaml:2: max_hang_rate: no value: want a percentage, 1% say`},
		{policy("whole.yaml", "fixes: [throttle]\nbudget: 1000.5\n"), `whole.yaml:2: budget: 1000.5: want a whole number`},
		{policy("two.yaml", "fixes: [throttle]\n---\nmax_hang_rate: 1%\n"), `two.yaml: 2 documents: want one`},
		{policy("directive.yaml", "%YAML 1.2\n---\nfixes: [nosuch]\n"), `--fix: nosuch: want a candidate`},
		{policy("again.yaml", "fixes: [throttle]\nfixes: [poll]\n"), `again.yaml:2: mapping key "fixes" already defined`},
		{policy("comment.yaml", "# to be filled in\n"), `comment.yaml: empty: want fixes, scenarios, max_hang_rate`},
		{policy("list.yaml", "fixes: throttle\n"), `list.yaml:1: fixes: throttle: want a list of names`},
		{policy("alone.yaml", "fixes: [throttle]\nmargin_axis: readers\n"), `--margin-axis: readers: want a min margin beside it`},
		{policy("word.yaml", "throttle\n"), `word.yaml: throttle: want fixes, scenarios`},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			if got := refused(t, c.args...); !strings.Contains(got, c.want) {
				t.Errorf("stderr %q, want %q in it", got, c.want)
			}
		})
	}
}
