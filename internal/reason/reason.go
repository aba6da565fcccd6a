// Package reason tells which error reasons a method of the contract answers with. What is special to a method is declared
// beside it in the proto, by an option `reasons` of the package whose enum has the reason. What follows from the method's
// other declarations (its policy, its fields, its REST binding) is derived here, once for all methods. The OpenAPI
// document is made from both, and the tests of the whole system compare every error with them.
package reason

import (
	"net/http"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/binding"
)

// method is what the rules look at.
type method struct {
	binding.Binding
	desc   protoreflect.MethodDescriptor
	policy *apiv1.MethodPolicy
}

// rule says which methods answer with a reason, over REST and over gRPC.
type rule struct {
	reason     apiv1.ErrorReason
	rest, grpc func(method) bool
}

// rules are in the order of the enum.
var rules = []rule{
	// Besides what cannot be read: two access tokens in one call.
	{apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST, always, always},
	// REST refuses unknown query parameters of every method.
	{apiv1.ErrorReason_ERROR_REASON_INVALID_FIELDS, always, hasFields},
	{apiv1.ErrorReason_ERROR_REASON_INVALID_PAGE_TOKEN, takes("page_token"), takes("page_token")},
	{apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, needsToken, needsToken},
	{apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED, needsRole, needsRole},
	{apiv1.ErrorReason_ERROR_REASON_NOT_FOUND, namesResource, namesResource},
	{apiv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED, takes("request_id"), takes("request_id")},
	{apiv1.ErrorReason_ERROR_REASON_REQUEST_IN_FLIGHT, takes("request_id"), takes("request_id")},
	{apiv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH, comparesETag, takes("etag")},
	{apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED, always, always},
	{apiv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE, readsBody, always},
	{apiv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, always, always},
	{apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, always, always},
	{apiv1.ErrorReason_ERROR_REASON_INTERNAL, always, always},
	// A path that fits the template, but has a slash or a verb in place of an id.
	{apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, namesResource, never},
	{apiv1.ErrorReason_ERROR_REASON_UNSUPPORTED_MEDIA_TYPE, hasBody, never},
	{apiv1.ErrorReason_ERROR_REASON_CONTENTION, hasEffects, hasEffects},
}

func always(method) bool { return true }

func never(method) bool { return false }

func hasFields(m method) bool { return m.desc.Input().Fields().Len() > 0 }

func takes(field protoreflect.Name) func(method) bool {
	return func(m method) bool { return m.desc.Input().Fields().ByName(field) != nil }
}

// needsToken reports whether only callers with an access token are admitted, or with none. Other public methods ignore a token that is not
// valid.
func needsToken(m method) bool {
	return m.policy.GetCaller() != apiv1.Caller_CALLER_ANYBODY || m.policy.GetTokenOptional() && binding.Mutates(m.desc)
}

func needsRole(m method) bool { return len(m.policy.GetRoles())+len(m.policy.GetSalonRoles()) > 0 }

// namesResource reports whether the path has the id of something.
func namesResource(m method) bool { return strings.Contains(m.Template, "{") }

// comparesETag reports whether REST compares If-Match: before a change with the etag of the resource, and for a read
// with the etag of the answer. An answer without an etag matches only "*".
func comparesETag(m method) bool { return takes("etag")(m) || m.Verb == http.MethodGet }

func hasBody(m method) bool { return m.HasBody }

// readsBody reports whether the gateway reads a body over REST: also that of a change without one, which may have an etag.
func readsBody(m method) bool { return m.HasBody || hasEffects(m) }

// hasEffects reports whether the method may write, and so meet others that write the same rows.
func hasEffects(m method) bool { return binding.Mutates(m.desc) }

// REST returns the names of the reasons that a public method answers with over REST, such as "NOT_FOUND": first the
// general ones, then those of its area. A method without a REST binding has none.
func REST(md protoreflect.MethodDescriptor) []string {
	return of(md, func(r rule) func(method) bool { return r.rest })
}

// GRPC returns the names of the reasons that a public method answers with over gRPC.
func GRPC(md protoreflect.MethodDescriptor) []string {
	return of(md, func(r rule) func(method) bool { return r.grpc })
}

func of(md protoreflect.MethodDescriptor, over func(rule) func(method) bool) []string {
	m := method{desc: md}
	m.policy, _ = proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
	b, err := binding.Of(md)
	if err != nil || b.Verb == "" || m.policy.GetCaller() == apiv1.Caller_CALLER_SERVICE {
		return nil
	}
	m.Binding = b
	excluded, _ := proto.GetExtension(md.Options(), apiv1.E_Never).([]apiv1.ErrorReason)
	declared := Declared(md)
	var names []string
	for _, r := range rules {
		name := strings.TrimPrefix(r.reason.String(), apierr.ReasonPrefix)
		if i := slices.Index(declared, name); i >= 0 {
			declared = slices.Delete(declared, i, i+1)
			names = append(names, name)
		} else if over(r)(m) && !slices.Contains(excluded, r.reason) {
			names = append(names, name)
		}
	}
	return append(names, declared...)
}

// Declared returns the names of the reasons that are declared beside a method, in the order of their declaration. The
// packages that define them must be linked in.
func Declared(md protoreflect.MethodDescriptor) []string {
	var names []string
	for _, option := range options(md) {
		values := md.Options().ProtoReflect().Get(option).List()
		for i := range values.Len() {
			value := option.Enum().Values().ByNumber(values.Get(i).Enum())
			names = append(names, strings.TrimPrefix(string(value.Name()), apierr.ReasonPrefix))
		}
	}
	return names
}

// options are those of a method that list reasons. Each package has one, so that the compiler checks the names.
func options(md protoreflect.MethodDescriptor) []protoreflect.FieldDescriptor {
	var found []protoreflect.FieldDescriptor
	md.Options().ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if fd.IsExtension() && fd.Name() == "reasons" && fd.Enum() != nil && fd.Enum().Name() == "ErrorReason" {
			found = append(found, fd)
		}
		return true
	})
	slices.SortFunc(found, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	return found
}
