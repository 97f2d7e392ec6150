package cluster

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Status describes the queue of a server and the connected coordinators and workers.
type Status struct {
	Sessions []Session     `json:"sessions"`
	Workers  []WorkerState `json:"workers"`
	// Queued and Bytes are the number and the size of the messages in the streams.
	Queued uint64 `json:"queued"`
	Bytes  uint64 `json:"bytes"`
	// Unread counts the answers of programs with other messages.
	Unread int `json:"unread,omitempty"`
}

// Ask collects the answers of coordinators and workers that arrive within a time.
func Ask(ctx context.Context, nc *nats.Conn, within time.Duration) (*Status, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	inbox := nats.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection ends with it
	if err := nc.PublishRequest(askSubject, inbox, nil); err != nil {
		return nil, err
	}
	st := &Status{Sessions: []Session{}, Workers: []WorkerState{}}
	answers, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		m, err := sub.NextMsgWithContext(answers)
		if err != nil {
			break // the time is over, or the connection is lost: the streams show which
		}
		var s Session
		var w WorkerState
		switch {
		case len(m.Data) == 0: // the server answers so if nobody subscribes
		case unpack(m.Data, &s) == nil:
			st.Sessions = append(st.Sessions, s)
		case unpack(m.Data, &w) == nil:
			st.Workers = append(st.Workers, w)
		default:
			st.Unread++
		}
	}
	slices.SortFunc(st.Sessions, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(st.Workers, func(a, b WorkerState) int { return cmp.Compare(a.Name, b.Name) })
	for _, name := range []string{workStream, resultStream} {
		s, err := js.Stream(ctx, name)
		if err == jetstream.ErrStreamNotFound {
			continue // no coordinator has created the stream
		}
		if err != nil {
			return nil, err
		}
		st.Queued += s.CachedInfo().State.Msgs
		st.Bytes += s.CachedInfo().State.Bytes
	}
	return st, nil
}
