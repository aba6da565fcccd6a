package rpc

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/internal/binding"
)

// clientKeepalive is how often a connection with calls on it is probed; one whose probe is not answered is closed. Servers accept
// probes twice as often. Instances that hang are found sooner, see copies.probe.
const clientKeepalive = 30 * time.Second

// dialOptions are the options of a connection to a service in other processes.
func dialOptions(reads []methodName, cfg ConnsConfig) []grpc.DialOption {
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig(reads)),
		// A service config from DNS must not change how calls are made.
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(MaxMessageSize),
			grpc.MaxCallSendMsgSize(MaxMessageSize),
		),
		grpc.WithMaxHeaderListSize(maxHeaderSize),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: clientKeepalive, Timeout: 10 * time.Second}),
		// A restarted service is found again within about a second instead of two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if cfg.Tracing {
		opts = append(opts, grpc.WithStatsHandler(clientTracing()))
	}
	return opts
}

// serviceConfig distributes calls over the instances, and retries reads on another instance when an instance has gone away
// (https://github.com/grpc/grpc/blob/master/doc/service_config.md). Calls that never left are retried by gRPC anyway.
func serviceConfig(reads []methodName) string {
	type object = map[string]any
	cfg := object{"loadBalancingConfig": []object{{balancerName: object{}}}}
	if len(reads) > 0 {
		cfg["methodConfig"] = []object{{
			"name": reads,
			"retryPolicy": object{
				"maxAttempts":          3,
				"initialBackoff":       "0.05s",
				"maxBackoff":           "0.5s",
				"backoffMultiplier":    2,
				"retryableStatusCodes": []string{"UNAVAILABLE"},
			},
		}}
		// No retries while half of the calls fail: they would prolong the outage.
		cfg["retryThrottling"] = object{"maxTokens": 20, "tokenRatio": 0.2}
	}
	b, err := json.Marshal(cfg)
	if err != nil { // strings and numbers only
		panic(fmt.Sprintf("rpc: service config: %v", err))
	}
	return string(b)
}

type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

// readMethods lists the methods of a service that the contract declares free of side effects.
func readMethods(service string) []methodName {
	var names []methodName
	protoregistry.GlobalFiles.RangeFilesByPackage(protoreflect.FullName("salon."+service+".v1"), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				if m := s.Methods().Get(j); !binding.Mutates(m) {
					names = append(names, methodName{string(s.FullName()), string(m.Name())})
				}
			}
		}
		return true
	})
	return names
}
