// Package gateway is Salon's single entry point. It serves one contract in three ways: as REST (translated by
// grpc-gateway), as gRPC (forwarded to the services) and as an OpenAPI document with a Swagger UI.
//
// The gateway makes no decisions about bookings. It translates, limits and logs requests, and keeps a few public
// answers in memory. The services authorize every call and verify every token themselves.
//
// Reading order: gateway.go (the parts), routes.go (what the contract says about each method), rest.go and body.go
// (REST requests), problem.go and headers.go (REST answers), proxy.go (gRPC), responsecache.go (cached answers).
package gateway
