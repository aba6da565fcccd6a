package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// httpCaller asks for one address again and again on a connection of its own, with as little work as possible: the
// machine's cores are for the server.
func httpCaller(addr, path string) (caller, error) {
	conn, err := dialHTTP(addr)
	if err != nil {
		return nil, err
	}
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	return httpExchange(conn, func() []byte { return request }, http.StatusOK), nil
}

// httpConn is a connection on which one request after the other is sent.
type httpConn struct {
	net.Conn
	r *bufio.Reader
}

func dialHTTP(addr string) (*httpConn, error) {
	conn, err := net.Dial("tcp", addr) //nolint:noctx // ends with the program
	if err != nil {
		return nil, err
	}
	return &httpConn{conn, bufio.NewReaderSize(conn, 8<<10)}, nil
}

// do sends a request and reads the answer. It returns the body only of errors.
func (c *httpConn) do(request []byte) (status int, problem string, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, "", err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, "", err
	}
	if len(line) > 12 {
		status, _ = strconv.Atoi(string(line[9:12]))
	}
	length := 0
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, "", err
		}
		if len(line) <= 2 {
			break
		}
		if line[0] == 'C' && strings.HasPrefix(string(line), "Content-Length:") {
			length, _ = strconv.Atoi(strings.TrimSpace(string(line[15:])))
		}
	}
	if status < http.StatusBadRequest {
		_, err = c.r.Discard(length)
		return status, "", err
	}
	body, err := io.ReadAll(io.LimitReader(c.r, int64(length)))
	return status, string(body), err
}

// httpExchange sends requests; their answers must have a status.
func httpExchange(conn *httpConn, request func() []byte, expected int) caller {
	return func() error {
		status, problem, err := conn.do(request())
		if err == nil && status != expected {
			err = fmt.Errorf("%d %s", status, problem)
		}
		return err
	}
}

// measureREST compares a cached read with a handler that writes the same bytes.
func (e *environment) measureREST(ctx context.Context, s settings) error {
	bare, err := startChild("http", e.masterJSON)
	if err != nil {
		return err
	}
	defer func() { _ = bare.stop() }()
	return compare(fmt.Sprintf("(a) REST GetMaster, cached, %d connections", s.connections), "≥ 0.30", s.rounds,
		side{"Salon", e.restReads(ctx, s)},
		side{"bare net/http, same bytes", restReads(ctx, s, bare.addr, "/v1/masters/"+e.masterIDs[0], []process{{"server", bare.pid}})})
}

// restReads reads one master over REST again and again.
func (e *environment) restReads(ctx context.Context, s settings) func() (result, error) {
	return restReads(ctx, s, e.httpAddr, "/v1/masters/"+e.masterIDs[0], e.reading())
}

func restReads(ctx context.Context, s settings, addr, path string, servers []process) func() (result, error) {
	return func() (result, error) {
		return drive(ctx, s.connections, s.duration, servers, func(int) (caller, error) { return httpCaller(addr, path) })
	}
}

// measureGRPC compares the same read over gRPC with a server that returns the same message.
func (e *environment) measureGRPC(ctx context.Context, s settings) error {
	bare, err := startChild("grpc", e.masterJSON)
	if err != nil {
		return err
	}
	defer func() { _ = bare.stop() }()
	return compare(fmt.Sprintf("(b) gRPC GetMaster, %d connections", s.connections), "≥ 0.95", s.rounds,
		side{"Salon", e.grpcReads(ctx, s)},
		side{"bare gRPC server, same message", grpcReads(ctx, s, bare.addr, e.masterIDs[0], []process{{"server", bare.pid}})})
}

// grpcReads reads one master over gRPC again and again.
func (e *environment) grpcReads(ctx context.Context, s settings) func() (result, error) {
	return grpcReads(ctx, s, e.grpcAddr, e.masterIDs[0], e.reading())
}

func grpcReads(ctx context.Context, s settings, addr, masterID string, servers []process) func() (result, error) {
	return func() (result, error) {
		var conns []*grpc.ClientConn
		defer func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}()
		return drive(ctx, s.connections, s.duration, servers, func(int) (caller, error) {
			conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return nil, err
			}
			conns = append(conns, conn)
			client := userv1.NewMasterServiceClient(conn)
			req := &userv1.GetMasterRequest{MasterId: masterID}
			return func() error {
				_, err := client.GetMaster(ctx, req)
				return err
			}, nil
		})
	}
}
