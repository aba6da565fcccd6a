package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	kept := make(chan *userv1.CreateMasterRequest, 2)
	shared := &userv1.Master{DisplayName: "shared", Specialties: []string{"cut"}}
	m := &masters{create: func(_ context.Context, r *userv1.CreateMasterRequest) (*userv1.Master, error) {
		kept <- r
		return shared, nil
	}}
	inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
		req := &userv1.CreateMasterRequest{UserId: strings.ToUpper(someID), DisplayName: "  Zoe\u0308 ", Specialties: []string{"cut "}}
		sent := proto.Clone(req)
		resp, err := e.masters().CreateMaster(asAdmin(t), req)
		check(t, err, "")
		want := &userv1.CreateMasterRequest{UserId: someID, DisplayName: "Zo\u00eb", Specialties: []string{"cut"}}
		if got := <-kept; !proto.Equal(got, want) {
			t.Errorf("the handler got %v, want %v", got, want)
		}
		if !proto.Equal(req, sent) {
			t.Errorf("the caller's message was changed: %v", req)
		}
		if !proto.Equal(resp, shared) {
			t.Errorf("the answer is %v, want %v", resp, shared)
		}
		resp.DisplayName, resp.Specialties = "changed", nil
		if shared.GetDisplayName() != "shared" || len(shared.GetSpecialties()) != 1 {
			t.Errorf("the handler's message was changed: %v", shared)
		}
		_, err = e.masters().CreateMaster(asAdmin(t), &userv1.CreateMasterRequest{UserId: someID, DisplayName: "a\u202eb", Specialties: []string{""}})
		check(t, err, "InvalidArgument INVALID_FIELDS")
		var fields []string
		for _, f := range apierr.From(err).Fields() {
			fields = append(fields, f.GetField())
		}
		if fmt.Sprint(fields) != "[display_name specialties[0]]" {
			t.Errorf("got %v", fields)
		}
	})
}

func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}, 2), make(chan error, 2)
	m := &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}}
	inBoth(t, rpc.ServerConfig{}, m, func(t *testing.T, e *env) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			<-begun
			cancel()
		}()
		_, err := e.masters().GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
		check(t, err, "Canceled CANCELLED")
		if err := <-ended; err != context.Canceled { //nolint:errorlint // the context's own error
			t.Errorf("the handler saw %v", err)
		}
		if line := e.log.lines(t, 1)[0]; line["code"] != "Canceled" || line["level"] != "debug" {
			t.Errorf("got %v", line)
		}
	})
}

func TestNotConnected(t *testing.T) {
	t.Parallel()
	c := rpc.NewConns(rpc.ConnsConfig{})
	early := userv1.NewMasterServiceClient(c.For("user"))
	ask := func() error {
		_, err := early.GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
		return err
	}
	check(t, ask(), "Unavailable UNAVAILABLE")
	_, err := c.For("user").NewStream(t.Context(), &grpc.StreamDesc{}, "/salon.user.v1.MasterService/GetMaster")
	check(t, err, "Unavailable UNAVAILABLE")
	if c.InProcess("user") {
		t.Error("connected too early")
	}
	connectLocal(t, c, rpc.ServerConfig{}, (&masters{}).register)
	check(t, ask(), "")
	if !c.InProcess("user") {
		t.Error("not in this process")
	}
	if err := c.Local("user", rpc.ServerConfig{}, (&masters{}).register); err == nil {
		t.Error("connected twice")
	}
	if err := c.Remote("user", "127.0.0.1:1"); err == nil {
		t.Error("connected twice")
	}
	if err := c.Remote("rating", "bad\x7fscheme://"); err == nil {
		t.Error("a bad target is accepted")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, ask(), "Unavailable UNAVAILABLE")
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	c := rpc.NewConns(rpc.ConnsConfig{})
	connectRemote(t, c, "127.0.0.1:1")
	_, err := userv1.NewMasterServiceClient(c.For("user")).GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, "Unavailable UNAVAILABLE")
}

// The gateway's connection has the credential of a service, so it must not forward calls of internal methods.
func TestPublicConn(t *testing.T) {
	t.Parallel()
	inBoth(t, rpc.ServerConfig{}, &masters{}, func(t *testing.T, e *env) {
		c := e.service.Public("user")
		_, err := userv1.NewMasterServiceClient(c).GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
		check(t, err, "")
		_, err = userv1.NewIdentityServiceClient(c).LookupMaster(t.Context(), &userv1.LookupMasterRequest{MasterId: someID})
		check(t, err, "Unimplemented NO_SUCH_METHOD")
		_, err = healthv1.NewHealthClient(c).Watch(t.Context(), &healthv1.HealthCheckRequest{})
		check(t, err, "Unimplemented NO_SUCH_METHOD")
	})
}

func TestHealthAndReflection(t *testing.T) {
	t.Parallel()
	state := health.NewServer()
	addr := serve(t, rpc.ServerConfig{Health: state}, (&masters{}).register)
	c := rpc.NewConns(rpc.ConnsConfig{})
	connectRemote(t, c, addr)
	conn := c.For("user")

	got, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{})
	check(t, err, "")
	if got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("got %v", got)
	}
	_, err = healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{Service: "nope"})
	check(t, err, "NotFound NOT_FOUND")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	check(t, err, "")
	check(t, s.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{},
	}), "")
	list, err := s.Recv()
	check(t, err, "")
	if !strings.Contains(list.String(), "salon.user.v1.MasterService") {
		t.Errorf("got %v", list)
	}
}

// Reads are tried again, writes are not.
func TestRetries(t *testing.T) {
	t.Parallel()
	gets, creates := make(chan struct{}, 10), make(chan struct{}, 10)
	down := apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "down")
	m := &masters{
		get: func(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
			gets <- struct{}{}
			return nil, down
		},
		create: func(context.Context, *userv1.CreateMasterRequest) (*userv1.Master, error) {
			creates <- struct{}{}
			return nil, down
		},
	}
	cred := credential(t)
	c := rpc.NewConns(rpc.ConnsConfig{Services: cred})
	connectRemote(t, c, serve(t, rpc.ServerConfig{Auth: authenticator{}, Services: cred}, m.register))
	client := userv1.NewMasterServiceClient(c.For("user"))
	_, err := client.GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, "Unavailable UNAVAILABLE")
	_, err = client.CreateMaster(asAdmin(t), &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"})
	check(t, err, "Unavailable UNAVAILABLE")
	if len(gets) != 3 || len(creates) != 1 {
		t.Errorf("read %d times, wrote %d times; want 3 and 1", len(gets), len(creates))
	}
}

func TestDefaultDeadlineOfCalls(t *testing.T) {
	t.Parallel()
	m := &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
		if deadline, ok := ctx.Deadline(); !ok || deadline.After(time.Now().Add(rpc.DefaultTimeout)) {
			t.Errorf("the deadline is %v, %v", deadline, ok)
		}
		return &userv1.Master{}, nil
	}}
	c := rpc.NewConns(rpc.ConnsConfig{})
	connectLocal(t, c, rpc.ServerConfig{MaxTimeout: time.Hour}, m.register)
	_, err := userv1.NewMasterServiceClient(c.For("user")).GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
	check(t, err, "")
}
