package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/embedded"
)

// childRole is the environment variable that makes this program one of the servers. The first line of its standard input
// is the server's argument. The server ends when its input ends, so also when its parent is killed.
const childRole = "SALON_BENCH_SERVE"

// child is this program, running as a server of its own, so that its CPU time can be told from that of the load.
type child struct {
	pid   int
	addr  string // or URL
	input io.Closer
	cmd   *exec.Cmd
}

// startChild starts a server and returns once it listens.
func startChild(role, argument string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self) //nolint:noctx // ends with its input
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{pid: cmd.Process.Pid, input: in, cmd: cmd}
	if _, err := fmt.Fprintln(in, argument); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", role, err), c.stop())
	}
	c.addr = strings.TrimSpace(line)
	return c, nil
}

// stop ends the server and waits for it.
func (c *child) stop() error {
	return errors.Join(c.input.Close(), c.cmd.Wait())
}

// serveChild is the whole program of a child.
func serveChild(ctx context.Context, role string) error {
	in := bufio.NewReader(os.Stdin)
	argument, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	argument = strings.TrimSpace(argument)
	var addr string
	switch role {
	case "http", "grpc":
		addr, err = serveBare(role, argument)
	case "nats":
		var n *embedded.NATS
		// Durable, as in production.
		n, err = embedded.StartNATS(ctx, embedded.NATSConfig{StoreDir: argument, SyncAlways: true, Listen: "127.0.0.1:0"})
		if err == nil {
			defer func() { _ = n.Shutdown(ctx) }()
			addr = n.URL()
		}
	case "redis":
		var r *embedded.Redis
		if r, err = embedded.StartRedis(); err == nil {
			defer func() { _ = r.Stop(ctx) }()
			addr = r.URL()
		}
	default:
		err = fmt.Errorf("no such server: %s", role)
	}
	if err != nil {
		return err
	}
	fmt.Println(addr)
	_, err = in.WriteTo(io.Discard)
	return err
}

// serveBare starts the least that could answer: a handler that writes bytes that are there already, or a gRPC server that
// returns a message that is there already. The message comes as JSON.
func serveBare(role, body string) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the program
	if err != nil {
		return "", err
	}
	if role == "http" {
		header := []string{"application/json"}
		data := []byte(body)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // loopback only
			w.Header()["Content-Type"] = header
			_, _ = w.Write(data)
		})}
		go func() { _ = srv.Serve(l) }()
		return l.Addr().String(), nil
	}
	var master userv1.Master
	if err := protojson.Unmarshal([]byte(body), &master); err != nil {
		return "", err
	}
	srv := grpc.NewServer()
	userv1.RegisterMasterServiceServer(srv, bareMaster{master: &master})
	go func() { _ = srv.Serve(l) }()
	return l.Addr().String(), nil
}

type bareMaster struct {
	userv1.UnimplementedMasterServiceServer
	master *userv1.Master
}

// GetMaster returns the one message.
func (b bareMaster) GetMaster(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
	return b.master, nil
}
