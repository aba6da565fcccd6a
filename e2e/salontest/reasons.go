package salontest

import (
	"slices"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/openapi"
)

// explained are the reasons of the contract with the code and the statuses that its comments give them.
var explained = sync.OnceValue(openapi.Reasons)

// codeOf is the code that belongs to a reason; false when the contract has no such reason.
func codeOf(reason string) (codes.Code, bool) {
	r, ok := explained()[reason]
	if !ok {
		return codes.Unknown, false
	}
	return codes.Code(code.Code_value[r.Code]), true
}

// statusOK reports whether an HTTP status goes with a reason.
func statusOK(reason string, status int) bool {
	return slices.Contains(explained()[reason].Status, status)
}
