package salontest

import (
	"net/http"
	"slices"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type grpcCaller struct{ system *System }

// GRPC makes calls over gRPC.
func (s *System) GRPC() Caller { return grpcCaller{s} }

// Name is "gRPC".
func (grpcCaller) Name() string { return "gRPC" }

// System is what is called.
func (c grpcCaller) System() *System { return c.system }

// Call makes one call.
func (c grpcCaller) Call(t testing.TB, as Identity, method string, req proto.Message) *Result {
	t.Helper()
	ctx := t.Context()
	if as != nil {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+as.token(t))
	}
	md := methodOf(t, method)
	answer := answerOf(t, md)
	var header metadata.MD
	var err error
	if md.IsStreamingServer() {
		err = c.system.firstMessage(ctx, md, req, answer, &header)
	} else {
		err = c.system.Conn().Invoke(ctx, method, req, answer, grpc.Header(&header))
	}
	result := GRPCResult(t, err)
	result.Header = http.Header(header)
	// What the client's library refuses by itself has no reason, and nothing of the server.
	if id := header.Get("x-request-id"); (err == nil || result.Reason != "") && (len(id) != 1 || err != nil && result.RequestID != id[0]) {
		t.Errorf("gRPC: %s: the request's id is %v in the header and %q in the error", method, id, result.RequestID)
	}
	if err == nil {
		result.Message = answer
	}
	return result
}

// GRPCResult is the result that an error of gRPC stands for. It fails the test when the error breaks the contract's
// rules: every error has a reason of ours that goes with its code.
func GRPCResult(t testing.TB, err error) *Result {
	t.Helper()
	st, ok := status.FromError(err)
	if !ok {
		t.Fatalf("gRPC: not a status: %v", err)
	}
	result := &Result{Code: st.Code(), Detail: st.Message()}
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			result.Reason = d.GetReason()
			if d.GetDomain() != "salon" {
				t.Errorf("gRPC: the error's domain is %q", d.GetDomain())
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				result.Fields = append(result.Fields, v.GetField())
			}
		case *errdetails.RetryInfo:
			result.RetryAfter = d.GetRetryDelay().AsDuration() > 0
		case *errdetails.RequestInfo:
			result.RequestID = d.GetRequestId()
		case proto.Message:
			result.Details = append(result.Details, d)
		}
	}
	slices.Sort(result.Fields)
	// What gRPC's library refuses by itself has no details: too large, no such method.
	if code, _ := codeOf(result.Reason); result.Reason != "" && code != result.Code {
		t.Errorf("gRPC: reason %s came with code %s", result.Reason, result.Code)
	}
	if result.Reason != "" && !result.RetryAfter && (result.Code == codes.Unavailable || result.Code == codes.DeadlineExceeded) {
		t.Errorf("gRPC: %v does not say when to come back", result)
	}
	if result.Code == codes.Internal || result.Code == codes.Unknown {
		t.Logf("gRPC: %v", result)
	}
	return result
}
