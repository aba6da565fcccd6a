package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/binding"
)

// exempt lists the services that are not of our contract and open to everybody who reaches the port: they return no data.
var exempt = map[string]struct{}{
	"grpc.health.v1.Health":                    {},
	"grpc.reflection.v1.ServerReflection":      {},
	"grpc.reflection.v1alpha.ServerReflection": {},
}

// rule is what the contract says about a method.
type rule struct {
	policy *apiv1.MethodPolicy
	reads  bool // it changes nothing, and is not internal
}

// rules keeps what was found. Only methods that exist get in, so callers cannot make it grow.
var rules sync.Map // full method → rule

// Policy returns who may call a method, such as "/salon.user.v1.UserService/GetUser", and false when no linked-in
// contract has such a method or the method does not say.
func Policy(fullMethod string) (*apiv1.MethodPolicy, bool) {
	r, ok := ruleOf(fullMethod)
	return r.policy, ok
}

// IsRead reports whether ctx is that of a call which changes nothing, from outside: a list or a search. Calls of our own services
// are part of others, and are not.
func IsRead(ctx context.Context) bool {
	c := callOf(ctx)
	if c == nil {
		return false
	}
	r, _ := ruleOf(c.method)
	return r.reads
}

func ruleOf(fullMethod string) (rule, bool) {
	if found, ok := rules.Load(fullMethod); ok {
		r, isRule := found.(rule)
		return r, isRule
	}
	service, method, ok := split(fullMethod)
	if !ok {
		return rule{}, false
	}
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + method))
	if err != nil {
		return rule{}, false
	}
	md, ok := d.(protoreflect.MethodDescriptor)
	if !ok || string(md.Parent().FullName()) != service {
		return rule{}, false
	}
	policy, ok := proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
	if !ok || policy.GetCaller() == apiv1.Caller_CALLER_UNSPECIFIED {
		return rule{}, false
	}
	r := rule{policy: policy, reads: policy.GetCaller() != apiv1.Caller_CALLER_SERVICE && !binding.Mutates(md)}
	rules.Store(fullMethod, r)
	return r, true
}

// CheckPolicies returns an error for each registered method that does not say who may call it. Call it after the last
// RegisterService and before Serve; such a method would be refused to everybody anyway.
func CheckPolicies(server reflection.ServiceInfoProvider) error {
	var errs []error
	services := server.GetServiceInfo()
	names := make([]string, 0, len(services))
	for name := range services {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, ok := exempt[name]; ok {
			continue
		}
		for _, m := range services[name].Methods {
			full := "/" + name + "/" + m.Name
			if _, ok := Policy(full); !ok {
				errs = append(errs, fmt.Errorf("rpc: %s has no salon.api.v1.policy", full))
			}
		}
	}
	return errors.Join(errs...)
}

// isExempt reports whether a method needs no policy.
func isExempt(fullMethod string) bool {
	service, _, _ := split(fullMethod)
	_, ok := exempt[service]
	return ok
}

// split takes "/package.Service/Method" apart.
func split(fullMethod string) (service, method string, ok bool) {
	service, method, ok = strings.Cut(strings.TrimPrefix(fullMethod, "/"), "/")
	return service, method, ok
}

// serviceOf is the name of the service that has a method, such as "user" for "/salon.user.v1.UserService/GetUser".
func serviceOf(fullMethod string) string {
	service, _, _ := split(fullMethod)
	name, _, _ := strings.Cut(strings.TrimPrefix(service, "salon."), ".")
	return name
}
