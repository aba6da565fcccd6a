package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/certificate"
	"github.com/beauty-salon/platform/internal/lifecycle"
)

// addrs are the addresses of a process; an address is nil where the process does not listen.
type addrs struct{ HTTP, GRPC, Internal, RPC net.Addr }

// String is the last line that a start prints, for people and scripts.
func (a addrs) String() string {
	var text strings.Builder
	text.WriteString("ready")
	for _, part := range []struct {
		name string
		addr net.Addr
	}{{"http", a.HTTP}, {"grpc", a.GRPC}, {"internal", a.Internal}, {"rpc", a.RPC}} {
		if part.addr != nil {
			text.WriteString(" " + part.name + "=" + part.addr.String())
		}
	}
	return text.String()
}

type listeners struct{ http, grpc, internal, rpc net.Listener }

// listen opens the addresses of the process. The listeners go onto the stack.
func listen(ctx context.Context, cfg appConfig, stack *lifecycle.Stack) (_ *listeners, err error) {
	ls, config := &listeners{}, net.ListenConfig{}
	for _, l := range []struct {
		into     *net.Listener
		flag     string
		variable string
		addr     string
		wanted   bool
	}{
		{&ls.http, "--http-addr", "SALON_HTTP_ADDR", cfg.HTTPAddr, cfg.runs.gateway},
		{&ls.grpc, "--grpc-addr", "SALON_GRPC_ADDR", cfg.GRPCAddr, cfg.runs.gateway},
		{&ls.internal, "--internal-addr", "SALON_INTERNAL_ADDR", cfg.InternalAddr, true},
		// When everything runs in one process, no other process calls it.
		{&ls.rpc, "--rpc-addr", "SALON_RPC_ADDR", cfg.RPCAddr, cfg.runs.distributed()},
	} {
		if !l.wanted {
			continue
		}
		if *l.into, err = config.Listen(ctx, "tcp", l.addr); err != nil {
			if errors.Is(err, syscall.EADDRINUSE) {
				return nil, fmt.Errorf("%s is taken by another program: choose another address with %s or %s", l.addr, l.flag, l.variable)
			}
			return nil, fmt.Errorf("%s: %w", l.flag, err)
		}
		listener := *l.into
		stack.Defer("listener of "+l.flag, func() error {
			if err := listener.Close(); !errors.Is(err, net.ErrClosed) { // its server has closed it already
				return err
			}
			return nil
		})
	}
	return ls, nil
}

// encrypt makes REST and gRPC speak TLS, when there is a certificate.
func (ls *listeners) encrypt(cfg gatewayFlags, log zerolog.Logger) error {
	if cfg.TLSCert == "" && cfg.TLSKey == "" || ls.http == nil {
		return nil
	}
	files, err := certificate.Load(cfg.TLSCert, cfg.TLSKey, log)
	if err != nil {
		return err
	}
	ls.http = tls.NewListener(ls.http, files.Config("h2", "http/1.1"))
	ls.grpc = tls.NewListener(ls.grpc, files.Config("h2"))
	return nil
}

func (ls *listeners) addrs() addrs {
	var a addrs
	for _, l := range []struct {
		from net.Listener
		into *net.Addr
	}{{ls.http, &a.HTTP}, {ls.grpc, &a.GRPC}, {ls.internal, &a.Internal}, {ls.rpc, &a.RPC}} {
		if l.from != nil {
			*l.into = l.from.Addr()
		}
	}
	return a
}
