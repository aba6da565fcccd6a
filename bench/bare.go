package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// bareRole is the environment variable that makes this program one of the bare servers; its standard input is the
// message to send, as JSON.
const bareRole = "SALON_BENCH_SERVE"

// serveBare is the least that could answer: a handler that writes bytes that are there already, or a gRPC server that
// returns a message that is there already.
func serveBare(role string) error {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the program
	if err != nil {
		return err
	}
	fmt.Println("ready", l.Addr())
	switch role {
	case "http":
		header := []string{"application/json"}
		return (&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // loopback only
			w.Header()["Content-Type"] = header
			_, _ = w.Write(body)
		})}).Serve(l)
	case "grpc":
		var master userv1.Master
		if err := protojson.Unmarshal(body, &master); err != nil {
			return err
		}
		s := grpc.NewServer()
		userv1.RegisterMasterServiceServer(s, bareMaster{master: &master})
		return s.Serve(l)
	default:
		return fmt.Errorf("no such server: %s", role)
	}
}

type bareMaster struct {
	userv1.UnimplementedMasterServiceServer
	master *userv1.Master
}

// GetMaster returns the one message.
func (b bareMaster) GetMaster(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
	return b.master, nil
}
