package service

import (
	"context"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Service is a running service of Salon.
type Service interface {
	// Register adds the service's methods to a server.
	Register(r grpc.ServiceRegistrar)
	// Run publishes and consumes events and does the service's background work. Run blocks until ctx ends.
	Run(ctx context.Context) error
	// Ready returns nil when the service can answer calls.
	Ready(ctx context.Context) error
}

// Definition describes a service to the program, the gateway and the event stream. Each service package declares one;
// the program lists them all in one place.
type Definition struct {
	// Name identifies the service in flags, logs and connections, such as "user". The protobuf packages of the service
	// are salon.<name>.v1.
	Name string
	// Migrations creates the service's schema.
	Migrations postgres.Migrations
	// Subjects are the first tokens of the event types that the service publishes, such as "appointment".
	Subjects []string
	// Calls are the names of the services that this service calls.
	Calls []string
	// Purposes are those of the keys that the service derives, besides those that every service has.
	Purposes []string
	// Shares are the questions about this service's schema that other services ask the database.
	Shares []postgres.Function
	// APIs are the gRPC services of the contract that the service implements.
	APIs []API
	// New makes the service. New connects to nothing and starts nothing.
	New func(Deps) (Service, error)
}

// API is one gRPC service of the contract.
type API struct {
	// Desc is the generated description of the gRPC service.
	Desc *grpc.ServiceDesc
	// REST adds the REST routes of the gRPC service to mux, which forwards the requests over conn. REST is nil when the
	// gRPC service is only for Salon's own services.
	REST func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error
}

// RESTAPI returns an API with REST routes. newClient and register are the generated functions New…Client and
// Register…HandlerClient.
func RESTAPI[C any](desc *grpc.ServiceDesc, newClient func(grpc.ClientConnInterface) C,
	register func(context.Context, *runtime.ServeMux, C) error,
) API {
	return API{
		Desc: desc,
		REST: func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
			return register(ctx, mux, newClient(conn))
		},
	}
}

// NameOf returns the name of the service that implements a gRPC service of the contract: "user" for
// salon.user.v1.AuthService.
func NameOf(desc *grpc.ServiceDesc) string {
	parts := strings.Split(desc.ServiceName, ".")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}
