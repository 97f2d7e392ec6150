package cluster

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ServerConfig is the settings of an embedded server.
type ServerConfig struct {
	// Listen is HOST:PORT; port 0 is any that is free. If it is empty, nothing
	// listens: only this process can connect, by Server.Connect.
	Listen string
	// Token must be given by everybody who connects. Without it, and without
	// TLS with certificates of clients, a server listens on loopback alone.
	Token string
	// Cert and Key are the paths of the server's certificate and key. ClientCA
	// is the path of the certificates that sign those of clients; with it a
	// client must show a certificate.
	Cert, Key, ClientCA string
	// Store is the directory that keeps the queue over a restart; if it is
	// empty, a temporary one is made, and removed at the end.
	Store string
}

// maxStore bounds what an embedded server stores, in bytes.
const maxStore = 4 << 30

// Server is an embedded NATS server with JetStream.
type Server struct {
	ns   *server.Server
	cfg  ServerConfig
	temp string // the directory to remove
}

// NewToken makes a token that nobody can guess.
func NewToken() string { return rand.Text() }

// Serve starts a server, and returns when it accepts connections.
func Serve(cfg ServerConfig) (s *Server, err error) {
	s = &Server{cfg: cfg}
	opts := &server.Options{
		ServerName: "gpstorm-" + rand.Text()[:8], NoSigs: true, NoLog: true, DisableJetStreamBanner: true,
		JetStream: true, JetStreamMaxStore: maxStore, JetStreamMaxMemory: maxStore / 4, StoreDir: cfg.Store,
		Authorization: cfg.Token, MaxPayload: 8 << 20, DontListen: cfg.Listen == "",
	}
	if cfg.Listen != "" {
		if err := cfg.listen(opts); err != nil {
			return nil, err
		}
	}
	if cfg.Store == "" {
		if s.temp, err = os.MkdirTemp("", "gpstorm-nats-*"); err != nil {
			return nil, err
		}
		opts.StoreDir = s.temp
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Shutdown())
		}
	}()
	if s.ns, err = server.NewServer(opts); err != nil {
		return nil, err
	}
	s.ns.Start()
	if !s.ns.ReadyForConnections(30 * time.Second) {
		return nil, fmt.Errorf("listen: %s: want a free address: the server does not accept connections", cfg.Listen)
	}
	return s, nil
}

// listen sets where the server listens, and who may connect.
func (cfg *ServerConfig) listen(opts *server.Options) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || n < 0 || n > 65535 {
		return fmt.Errorf("listen: %s: want HOST:PORT", cfg.Listen)
	}
	if !loopback(host) && cfg.Token == "" && cfg.ClientCA == "" {
		return fmt.Errorf("listen: %s: want a token, or TLS with certificates of clients, beyond loopback", cfg.Listen)
	}
	// The server reports a port that is taken by exiting the process.
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %s: want a free address: %w", cfg.Listen, err)
	}
	opts.Host, opts.Port = host, l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	if cfg.Cert == "" {
		return nil
	}
	opts.TLSConfig, err = server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: cfg.Cert, KeyFile: cfg.Key, CaFile: cfg.ClientCA, Verify: cfg.ClientCA != "", MinVersion: tls.VersionTLS12,
	})
	opts.TLS, opts.TLSVerify, opts.TLSTimeout = true, cfg.ClientCA != "", 5
	return err
}

// loopback reports whether a host names this machine alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// URL is the address of the server, without the token; empty if nothing listens.
func (s *Server) URL() string {
	if s.cfg.Listen == "" {
		return ""
	}
	u := url.URL{Scheme: "nats", Host: s.ns.Addr().String()}
	if s.cfg.Cert != "" {
		u.Scheme = "tls"
	}
	return u.String()
}

// Connect connects to the server inside the process.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	return nats.Connect("", append(connection(name), nats.InProcessServer(s.ns), nats.Token(s.cfg.Token))...)
}

// Shutdown ends the server, and waits until it has ended.
func (s *Server) Shutdown() error {
	if s.ns != nil {
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
	}
	if s.temp != "" {
		return os.RemoveAll(s.temp)
	}
	return nil
}
