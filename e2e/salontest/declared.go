package salontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/internal/reason"
)

// observed are the reasons that operations have answered with, over both protocols.
type observed struct {
	mu      sync.Mutex
	reasons map[string]bool // "createAppointment SLOT_UNAVAILABLE"
}

// seen is what this process has seen of all systems.
var seen = observed{reasons: map[string]bool{}}

func (o *observed) add(operation, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reasons[operation+" "+reason] = true
}

// undeclared collects the answers over gRPC that the contract does not declare.
type undeclared struct {
	mu   sync.Mutex
	errs []error
}

func (u *undeclared) add(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.ContainsFunc(u.errs, func(e error) bool { return e.Error() == err.Error() }) {
		u.errs = append(u.errs, err)
	}
}

func (u *undeclared) error() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return errors.Join(u.errs...)
}

// watch is an interceptor of the connection to a system.
func (s *System) watch(
	ctx context.Context, fullMethod string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := invoke(ctx, fullMethod, req, reply, conn, opts...)
	s.Declared(fullMethod, err)
	return err
}

// Declared notes the error of a call, or of a stream, that was made without the interceptor.
func (s *System) Declared(fullMethod string, err error) {
	if problem := checkStatus(fullMethod, status.Convert(err)); problem != nil {
		s.undeclared.add(problem)
	}
}

// checkStatus compares an error over gRPC with what the contract declares beside the method.
func checkStatus(fullMethod string, st *status.Status) error {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
	d, _ := protoregistry.GlobalFiles.FindDescriptorByName(name) // nil for what is not of the contract
	md, ok := d.(protoreflect.MethodDescriptor)
	if !ok || st.Code() == codes.OK {
		return nil
	}
	var given string
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			given = info.GetReason()
		}
	}
	declared := reason.GRPC(md)
	switch {
	case given == "" && slices.Contains(byLibrary, st.Code()), given == "CANCELLED":
		return nil
	case declared == nil && (given == "NO_SUCH_METHOD" || given == "PERMISSION_DENIED"):
		return nil // a method for services only
	case !slices.Contains(declared, given):
		return fmt.Errorf("%s answers %s %q over gRPC, which the contract does not declare: %s", md.FullName(), st.Code(), given, st.Message())
	}
	seen.add(operationID(md), given)
	return nil
}

// byLibrary are the codes with which gRPC's library ends calls by itself, without a reason.
var byLibrary = []codes.Code{
	codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.ResourceExhausted, codes.Unavailable, codes.Unimplemented,
}

// operationID is a method's name in the OpenAPI document.
func operationID(md protoreflect.MethodDescriptor) string {
	name := string(md.Name())
	return strings.ToLower(name[:1]) + name[1:]
}

// Unseen compares the reasons that are declared beside the methods with those that the tests of this process have seen. The
// map says which ones no test can drive, by operation and reason, and why. The result names what nobody has seen and
// is not in the map, and what is in the map although it was seen or is not declared.
func Unseen(undriven map[string]string) []string {
	seen.mu.Lock()
	defer seen.mu.Unlock()
	var complaints []string
	declared := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			for j := range file.Services().Get(i).Methods().Len() {
				md := file.Services().Get(i).Methods().Get(j)
				for _, r := range reason.Declared(md) {
					declared[operationID(md)+" "+r] = true
				}
			}
		}
		return true
	})
	for pair := range declared {
		if _, excused := undriven[pair]; !excused && !seen.reasons[pair] {
			complaints = append(complaints, pair+" is declared, and no test has seen it")
		}
	}
	for pair := range undriven {
		switch {
		case !declared[pair]:
			complaints = append(complaints, pair+" is not declared")
		case seen.reasons[pair]:
			complaints = append(complaints, pair+" was seen")
		}
	}
	slices.Sort(complaints)
	return complaints
}
