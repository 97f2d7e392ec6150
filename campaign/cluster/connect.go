package cluster

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Access holds the address of a server and the credentials for it.
type Access struct {
	// URL is one or several addresses, tls:// or nats://, separated by commas.
	URL string
	// Token is the token of an embedded server, if the URL has none.
	Token string
	// Credentials is the path of a NATS credentials file, CA the path of certificates
	// to trust besides those of the system, Cert and Key the paths of the client's
	// certificate and key.
	Credentials, CA, Cert, Key string
}

// Connect connects to a server. It reconnects after a loss until the connection is
// closed.
func (a Access) Connect(name string) (*nats.Conn, error) {
	opts := append(connection(name), nats.Timeout(10*time.Second))
	if a.Token != "" {
		opts = append(opts, nats.Token(a.Token))
	}
	if a.Credentials != "" {
		opts = append(opts, nats.UserCredentials(a.Credentials))
	}
	if a.CA != "" {
		opts = append(opts, nats.RootCAs(a.CA))
	}
	if a.Cert != "" {
		opts = append(opts, nats.ClientCert(a.Cert, a.Key))
	}
	nc, err := nats.Connect(a.URL, opts...)
	if errors.Is(err, nats.ErrAuthorization) {
		return nil, fmt.Errorf("server %s: %w: want the token or the credentials of this server", Redacted(a.URL), err)
	}
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", Redacted(a.URL), err)
	}
	return nc, nil
}

func connection(name string) []nats.Option {
	return []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(3),
		nats.IgnoreAuthErrorAbort(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // calls return the errors
	}
}

// Check returns an error if the address or the credentials are not valid.
func (a Access) Check() error {
	for one := range strings.SplitSeq(a.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil {
			return errors.New("not an address")
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return errors.New("not nats:// or tls://")
		}
		if u.Hostname() == "" {
			return errors.New("no host")
		}
	}
	return nil
}

// Redacted returns an address without its secrets, for messages.
func Redacted(address string) string {
	var all []string
	for one := range strings.SplitSeq(address, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil {
			u.User = nil
			one = u.String()
		} else {
			one = "(not an address)"
		}
		all = append(all, one)
	}
	return strings.Join(all, ",")
}
