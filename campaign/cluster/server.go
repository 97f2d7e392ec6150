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

// ServerConfig holds the settings of an embedded server.
type ServerConfig struct {
	// Listen is HOST:PORT; port 0 is any free port. If it is empty, the server does not
	// listen: only this process can connect, by Server.Connect.
	Listen string
	// Token is required of every client. Without it, and without TLS with client
	// certificates, a server must listen on loopback.
	Token string
	// Cert and Key are the paths of the server's certificate and key. ClientCA is the
	// path of the certificates that sign client certificates; if it is set, clients
	// must present one.
	Cert, Key, ClientCA string
	// Store is the directory that keeps the queue over a restart. If it is empty, the
	// server uses a temporary one and removes it at the end.
	Store string
}

// maxStore bounds the store of an embedded server, in bytes.
const maxStore = 4 << 30

// Server is an embedded NATS server with JetStream.
type Server struct {
	ns   *server.Server
	cfg  ServerConfig
	temp string // the directory to remove
}

// NewToken returns a random token that cannot be guessed.
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

// listen sets the server's address and access control.
func (cfg *ServerConfig) listen(opts *server.Options) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || n < 0 || n > 65535 {
		return fmt.Errorf("listen: %s: want HOST:PORT", cfg.Listen)
	}
	if !loopback(host) && cfg.Token == "" && cfg.ClientCA == "" {
		return fmt.Errorf("listen: %s: want a token, or TLS with certificates of clients, beyond loopback", cfg.Listen)
	}
	// The server would exit the process if the port is in use.
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

// loopback reports whether a host is a loopback address.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// InTheClear reports whether the server listens beyond loopback without TLS.
func (s *Server) InTheClear() bool {
	host, _, err := net.SplitHostPort(s.cfg.Listen)
	return err == nil && !loopback(host) && s.cfg.Cert == ""
}

// URL returns the address of the server without the token; "" if it does not listen.
// A server that listens on all addresses of the machine is named by the machine's name.
func (s *Server) URL() string {
	if s.cfg.Listen == "" {
		return ""
	}
	addr := s.ns.Addr().(*net.TCPAddr)
	u := url.URL{Scheme: "nats", Host: addr.String()}
	if name, err := os.Hostname(); err == nil && addr.IP.IsUnspecified() {
		u.Host = net.JoinHostPort(name, strconv.Itoa(addr.Port))
	}
	if s.cfg.Cert != "" {
		u.Scheme = "tls"
	}
	return u.String()
}

// Connect connects to the server within the process.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	return nats.Connect("", append(connection(name), nats.InProcessServer(s.ns), nats.Token(s.cfg.Token))...)
}

// Shutdown ends the server and waits for its end.
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
