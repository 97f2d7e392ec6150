package command

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

func newServeCommand(c *common) *cobra.Command {
	var (
		cfg   cluster.ServerConfig
		token string
		store outDir
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start a server through which workers get trials",
		Long: `Starts a NATS server with JetStream inside this process and prints its address and
token. Workers and coordinators (evaluate, gate, shrink and others with --nats) connect
to it. It runs until it is interrupted.

The server listens on loopback unless --listen says otherwise. Everybody who
connects must give the token: a new one, or that of --token. Beyond loopback
use --tls-cert and --tls-key too, since the token crosses the network.

--store keeps the queue over a restart of the server. Without it the queue is in
a temporary directory, which is removed at the end.`,
		Example: `  gpstorm serve
  gpstorm serve --listen 10.0.0.1:4222 --token token.txt --store queue \
      --tls-cert s.pem --tls-key s.key`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Store = string(store)
			var err error
			if cfg.Token, err = serverToken(token); err != nil {
				return err
			}
			if err := checkPair(cfg.Cert, cfg.Key, cfg.ClientCA); err != nil {
				return err
			}
			s, err := cluster.Serve(cfg)
			if err != nil {
				return badInput(err)
			}
			if s.InTheClear() {
				c.note(cmd, "the token and the trials cross the network in the clear: want --tls-cert and --tls-key")
			}
			shown := cfg.Token
			if token != "" {
				shown = "" // who gave it has it
			}
			if err := c.showServer(cmd, s.URL(), shown); err == nil {
				<-cmd.Context().Done()
			}
			return s.Shutdown()
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&cfg.Listen, "listen", "127.0.0.1:4222", "the `address` to listen on, HOST:PORT; port 0 is any that is free")
	flags.StringVar(&token, "token", "", "a `file` with the token (default a new token)")
	flags.Var(&store, "store", "keep the queue in this `directory`")
	flags.StringVar(&cfg.Cert, "tls-cert", "", "a `file` with the server's certificate, in PEM")
	flags.StringVar(&cfg.Key, "tls-key", "", "a `file` with its key")
	flags.StringVar(&cfg.ClientCA, "tls-client-ca", "", "a `file` with the certificates that must sign those of clients")
	reads(flags, inputFile, "token", "tls-cert", "tls-key", "tls-client-ca")
	return cmd
}

// serverToken reads the token of a server, or makes one.
func serverToken(path string) (string, error) {
	if path == "" {
		return cluster.NewToken(), nil
	}
	b, err := readFile("--token", path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if len(token) < 16 {
		return "", wrong("--token", path, "a file with a token of 16 characters or more")
	}
	return token, nil
}

// checkPair refuses files of TLS that are missing.
func checkPair(cert, key, ca string) error {
	for _, file := range []struct{ flag, path string }{{"--tls-cert", cert}, {"--tls-key", key}, {"--tls-client-ca", ca}} {
		switch {
		case file.path == "":
		case cert == "" || key == "":
			return wrong(file.flag, file.path, "both --tls-cert and --tls-key")
		default:
			if err := checkFiles(file.flag, []string{file.path}); err != nil {
				return err
			}
		}
	}
	return nil
}

// showServer prints how to connect.
func (c *common) showServer(cmd *cobra.Command, url, token string) error {
	if c.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
			URL   string `json:"url"`
			Token string `json:"token,omitempty"`
		}{url, token})
	}
	text := "url    " + url + "\n"
	if token != "" {
		text += "token  " + token + "\n"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%sOn other machines: %s=TOKEN %s worker --nats %s\n", text, tokenVariable, c.program, url)
	return err
}
