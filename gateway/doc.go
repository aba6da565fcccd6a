// Package gateway is Salon's single entry point. It serves one contract three ways: as REST (translated by
// grpc-gateway), as gRPC (passed through to the services) and as an OpenAPI document with a Swagger UI.
//
// The gateway decides nothing about bookings. It translates, limits, logs and keeps a few public answers in memory; who
// may do what is decided by the services, which verify every token themselves.
//
// Reading order: gateway.go (how it is put together), routes.go (what the contract says about each method), rest.go and
// body.go (REST in), problem.go and headers.go (REST out), proxy.go (gRPC), responsecache.go (hot reads).
package gateway
