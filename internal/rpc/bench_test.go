package rpc_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc/metadata"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
)

// BenchmarkCall is a call between services, with the whole chain, in this process.
func BenchmarkCall(b *testing.B) {
	keys, err := secret.NewKeys([]byte(strings.Repeat("k", 32)))
	if err != nil {
		b.Fatal(err)
	}
	cred := auth.NewServiceCredential(keys, nil, peers, time.Now)
	c := rpc.NewConns(rpc.ConnsConfig{Services: cred})
	cfg := rpc.ServerConfig{
		Log: zerolog.New(io.Discard).Level(zerolog.InfoLevel), Auth: authenticator{}, Services: cred,
		Metrics: prometheus.NewRegistry(), Service: "user",
	}
	if err := c.Local("user", cfg, (&masters{}).register); err != nil {
		b.Fatal(err)
	}
	client := userv1.NewMasterServiceClient(c.For("user"))
	ctx := rpc.WithRequestInfo(b.Context(), rpc.RequestInfo{ID: "req-9", ClientIP: "203.0.113.9", UserAgent: "Firefox"})
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer admin")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID}); err != nil {
			b.Fatal(err)
		}
	}
}
