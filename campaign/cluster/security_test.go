package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/gpstorm/gpstorm/world"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	path string // of its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.path, _, a.key = a.write("ca", a.cert)
	return a
}

// issue makes a certificate for an address, or for clients.
func (a *authority) issue(name string, ip net.IP) (cert, key string) {
	a.t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if ip != nil {
		c.IPAddresses, c.ExtKeyUsage = []net.IP{ip}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	cert, key, _ = a.write(name, c)
	return cert, key
}

// write makes a key, and signs and stores both; the authority signs itself.
func (a *authority) write(name string, c *x509.Certificate) (certPath, keyPath string, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	file := func(suffix, kind string, b []byte) string {
		path := filepath.Join(a.dir, name+suffix)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			a.t.Fatal(err)
		}
		return path
	}
	return file(".pem", "CERTIFICATE", der), file(".key", "EC PRIVATE KEY", private), key
}

// admits tries who may connect.
func admits(t *testing.T, name string, a Access, want bool) {
	t.Helper()
	nc, err := a.Connect("test")
	if (err == nil) != want {
		t.Errorf("%s: error %v, want to connect: %t", name, err, want)
	}
	if err == nil {
		nc.Close()
	}
}

func TestTLSTellsServersAndClientsApart(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	loopback := net.IPv4(127, 0, 0, 1)
	cert, key := ours.issue("server", loopback)
	clientCert, clientKey := ours.issue("client", nil)
	strangeCert, strangeKey := other.issue("client", nil)
	serve := func(cfg ServerConfig) Access {
		cfg.Listen = "127.0.0.1:0"
		s, err := Serve(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Shutdown(); err != nil {
				t.Error(err)
			}
		})
		if !strings.HasPrefix(s.URL(), "tls://") {
			t.Errorf("address %s, want tls", s.URL())
		}
		return Access{URL: s.URL(), Token: cfg.Token, CA: ours.path}
	}
	a := serve(ServerConfig{Token: token, Cert: cert, Key: key})
	admits(t, "the authority and the token", a, true)
	for name, change := range map[string]func(*Access){
		"no authority":      func(a *Access) { a.CA = "" },
		"another authority": func(a *Access) { a.CA = other.path },
		"no token":          func(a *Access) { a.Token = "" },
		"another token":     func(a *Access) { a.Token = "another" },
		"without TLS":       func(a *Access) { a.URL, a.CA = strings.Replace(a.URL, "tls://", "nats://", 1), "" },
		"another name":      func(a *Access) { a.URL = strings.Replace(a.URL, "127.0.0.1", "localhost", 1) },
	} {
		one := a
		change(&one)
		admits(t, name, one, false)
	}

	strict := serve(ServerConfig{Cert: cert, Key: key, ClientCA: ours.path})
	admits(t, "no certificate", strict, false)
	strict.Cert, strict.Key = strangeCert, strangeKey
	admits(t, "a certificate of another authority", strict, false)
	strict.Cert, strict.Key = clientCert, clientKey
	admits(t, "a certificate", strict, true)
}

func TestAServerNeedsACertificateThatItCanRead(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, _ := a.issue("server", net.IPv4(127, 0, 0, 1))
	_, key := a.issue("another", nil)
	for name, cfg := range map[string]ServerConfig{
		"no such file": {Cert: "nosuch.pem", Key: key}, "the key of another": {Cert: cert, Key: key}, "no authority": {Cert: cert, Key: key, ClientCA: "nosuch.pem"},
	} {
		cfg.Listen, cfg.Token = "127.0.0.1:0", token
		if s, err := Serve(cfg); err == nil {
			t.Errorf("%s: the server starts", name)
			_ = s.Shutdown()
		}
	}
}

// A server of one's own has accounts, and who is of an account has a credentials file.
func TestCredentialsFilesKeepAccountsApart(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	pair := func(p nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
		t.Helper()
		must(err)
		public, err := p.PublicKey()
		must(err)
		return p, public
	}
	operator, operatorID := pair(nkeys.CreateOperator())
	claims := jwt.NewOperatorClaims(operatorID)
	accounts := &server.MemAccResolver{}
	dir := t.TempDir()
	// account makes an account, with JetStream unless it is the server's own, and
	// the credentials file of a user.
	account := func(name string) (id, creds string) {
		key, id := pair(nkeys.CreateAccount())
		a := jwt.NewAccountClaims(id)
		a.Name = name
		if name != "system" {
			a.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
		}
		text, err := a.Encode(operator)
		must(err)
		must(accounts.Store(id, text))
		user, userID := pair(nkeys.CreateUser())
		seed, err := user.Seed()
		must(err)
		signed, err := jwt.NewUserClaims(userID).Encode(key)
		must(err)
		file, err := jwt.FormatUserConfig(signed, seed)
		must(err)
		creds = filepath.Join(dir, name+".creds")
		must(os.WriteFile(creds, file, 0o600))
		return id, creds
	}
	system, _ := account("system")
	_, ours := account("ours")
	_, others := account("others")
	text, err := claims.Encode(operator)
	must(err)
	signed, err := jwt.DecodeOperatorClaims(text)
	must(err)
	s, err := server.NewServer(&server.Options{
		ServerName: "test", Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: maxStore, JetStreamMaxMemory: maxStore,
		TrustedOperators: []*jwt.OperatorClaims{signed}, AccountResolver: accounts, SystemAccount: system,
	})
	must(err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	address := "nats://" + s.Addr().String()
	admits(t, "no credentials", Access{URL: address}, false)
	admits(t, "a token", Access{URL: address, Token: token}, false)
	admits(t, "a file that is not there", Access{URL: address, Credentials: filepath.Join(dir, "nosuch.creds")}, false)

	mine, err := Access{URL: address, Credentials: ours}.Connect("test")
	must(err)
	defer mine.Close()
	theirs, err := Access{URL: address, Credentials: others}.Connect("test")
	must(err)
	defer theirs.Close()
	e, err := Open(t.Context(), mine, Config{World: sums, Build: "b1", ackWait: 2 * time.Second, InMemory: true, storeBytes: 1 << 20})
	must(err)
	defer e.Close() //nolint:errcheck // the server ends with the test
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w := &Worker{Conn: mine, Worlds: []world.World{sums}, Build: "b1", Slots: 1}
	go func() { done <- w.Run(ctx) }()
	got, err := lines(t, e, 100, specs(t))
	must(err)
	same(t, got, local(t, sums, 100, specs(t)))
	st, err := Ask(t.Context(), theirs, 500*time.Millisecond)
	if err != nil || len(st.Sessions)+len(st.Workers) > 0 {
		t.Errorf("another account sees %+v, error %v", st, err)
	}
	cancel()
	must(<-done)
}
