package command

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// metricsFlag is the address at which Prometheus finds the metrics of a process.
type metricsFlag string

func (f *metricsFlag) register(flags *pflag.FlagSet) {
	flags.Var(f, "metrics", "show Prometheus metrics at this `address`, [HOST]:PORT; without a host on loopback")
}

// Set is part of pflag.Value.
func (f *metricsFlag) Set(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return err
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return errors.New("no port")
	}
	*f = metricsFlag(net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	return nil
}

// String is part of pflag.Value.
func (f *metricsFlag) String() string { return string(*f) }

// Type is part of pflag.Value.
func (f *metricsFlag) Type() string { return "address" }

func (f *metricsFlag) want() string { return "an address, :9464 or 10.0.0.1:9464 say" }

// show calls serve and prints the address.
func (f *metricsFlag) show(cmd *cobra.Command, c *common, of prometheus.Collector) (end func() error, err error) {
	address, end, err := f.serve(of)
	if address != "" {
		c.note(cmd, "metrics are at %s", address)
	}
	return end, err
}

// serve shows the metrics of the collector and of the process until the function
// that it returns is called. Without an address it does nothing.
func (f *metricsFlag) serve(of prometheus.Collector) (address string, end func() error, err error) {
	if *f == "" {
		return "", func() error { return nil }, nil
	}
	all := prometheus.NewRegistry()
	all.MustRegister(of, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	l, err := net.Listen("tcp", string(*f))
	if err != nil {
		return "", nil, wrong("--metrics", string(*f), "a free address of this machine")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(all, promhttp.HandlerOpts{}))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	go func() { _ = s.Serve(l) }() // it ends with an error, by Close
	return "http://" + l.Addr().String() + "/metrics", s.Close, nil
}
