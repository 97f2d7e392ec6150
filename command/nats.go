package command

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

// tokenVariable is the environment variable with the token of a server. Unlike an
// argument, other users of a machine cannot read it.
const tokenVariable = "GPSTORM_NATS_TOKEN"

// natsFlags say how to reach a server.
type natsFlags struct {
	url                    serverURL
	token, credentials, ca string
	cert, key              string
}

func (f *natsFlags) register(flags *pflag.FlagSet) {
	flags.Var(&f.url, "nats", "the `URL` of a NATS server with JetStream: gpstorm serve prints one")
	flags.StringVar(&f.token, "nats-token", "", "a `file` with the server's token (default the variable "+tokenVariable+")")
	flags.StringVar(&f.credentials, "nats-creds", "", "a NATS credentials `file`")
	flags.StringVar(&f.ca, "nats-ca", "", "a `file` with the certificates to trust, in PEM")
	flags.StringVar(&f.cert, "nats-cert", "", "a `file` with a certificate to show, in PEM, where the server demands one")
	flags.StringVar(&f.key, "nats-key", "", "a `file` with its key")
	reads(flags, inputFile, "nats-token", "nats-creds", "nats-ca", "nats-cert", "nats-key")
}

// check refuses files that cannot be read, and flags that need --nats.
func (f *natsFlags) check() error {
	for _, file := range []struct{ flag, path string }{
		{"--nats-token", f.token}, {"--nats-creds", f.credentials}, {"--nats-ca", f.ca},
		{"--nats-cert", f.cert}, {"--nats-key", f.key},
	} {
		if file.path == "" {
			continue
		}
		if err := checkFiles(file.flag, []string{file.path}); err != nil {
			return err
		}
		if f.url == "" {
			return wrong(file.flag, file.path, "--nats, the server that it is for")
		}
	}
	if (f.cert == "") != (f.key == "") {
		return wrong("--nats-cert", absent("given without its key, or the key without it"), "both --nats-cert and --nats-key")
	}
	return nil
}

// connect connects to the server.
func (f *natsFlags) connect(name string) (*nats.Conn, error) {
	a := cluster.Access{URL: string(f.url), Token: os.Getenv(tokenVariable), Credentials: f.credentials, CA: f.ca, Cert: f.cert, Key: f.key}
	if f.token != "" {
		b, err := readFile("--nats-token", f.token)
		if err != nil {
			return nil, err
		}
		if a.Token = strings.TrimSpace(string(b)); a.Token == "" {
			return nil, wrong("--nats-token", f.token, "a file with a token")
		}
	}
	return a.Connect(name)
}

// serverURL is a flag that holds the address of a server, or of several.
type serverURL string

func (u *serverURL) Set(s string) error {
	if err := (cluster.Access{URL: s}).Check(); err != nil {
		return err
	}
	*u = serverURL(s)
	return nil
}

// String is the address as messages show it: without secrets.
func (u *serverURL) String() string {
	if *u == "" {
		return ""
	}
	return cluster.Redacted(string(*u))
}

// Type is part of pflag.Value.
func (u *serverURL) Type() string { return "url" }

func (u *serverURL) want() string { return "an address, nats://host:4222 say" }

// localWorkers is a flag that holds a number of workers in this process: local:N.
type localWorkers int

// maxLocal bounds the workers in one process.
const maxLocal = 256

func (l *localWorkers) Set(s string) error {
	number, ok := strings.CutPrefix(s, "local:")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > maxLocal {
		return errors.New("not local:N")
	}
	*l = localWorkers(n)
	return nil
}

func (l *localWorkers) String() string {
	if *l == 0 {
		return ""
	}
	return "local:" + strconv.Itoa(int(*l))
}

// Type is part of pflag.Value.
func (l *localWorkers) Type() string { return "workers" }

func (l *localWorkers) want() string { return "local:N with N from 1 to " + strconv.Itoa(maxLocal) }

// identity identifies the program. A worker must have the same identity.
func identity() (string, error) { return cluster.Identity() }

// mustConnect requires --nats.
func (f *natsFlags) mustConnect(cmd *cobra.Command) (*nats.Conn, error) {
	if f.url == "" {
		return nil, wrong("--nats", absent("not given"), "%s", f.url.want())
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.connect(cmd.CommandPath())
}
