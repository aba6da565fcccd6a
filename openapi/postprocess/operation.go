package main

import (
	"fmt"
	"net/http"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
	// eventsType has a message of the stream as the data of each event.
	eventsType = "text/event-stream"
	bearerAuth = "bearerAuth"
)

func (b *builder) newOperation(m *method, raw *operation) (*operation, error) {
	name := string(m.desc.Name())
	op := &operation{
		Tags:        []string{tagOf(m.desc.Parent())},
		OperationID: strings.ToLower(name[:1]) + name[1:],
		Security:    security(m),
	}
	var text string
	op.Summary, text = summarize(name, raw.Summary+"\n\n"+raw.Description)
	op.Description = joinParagraphs(text, messageRules(m), callers(m))
	for _, role := range m.policy.GetRoles() {
		op.Roles = append(op.Roles, role.String())
	}
	for _, role := range m.policy.GetSalonRoles() {
		op.Roles = append(op.Roles, role.String())
	}
	if err := b.addParameters(op, m, raw); err != nil {
		return nil, err
	}
	if err := b.addRequestBody(op, m, raw); err != nil {
		return nil, err
	}
	b.addResponses(op, m)
	return op, nil
}

func joinParagraphs(texts ...string) string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, "\n\n")
}

// messageRules are the rules over several fields of the request, which JSON Schema cannot express.
func messageRules(m *method) string {
	rules, _ := proto.GetExtension(m.desc.Input().Options(), validate.E_Message).(*validate.MessageRules)
	var out []string
	for _, rule := range rules.GetCel() {
		out = append(out, restText(rule.GetMessage()))
	}
	if len(out) == 0 {
		return ""
	}
	return "Rules: " + strings.Join(out, "; ") + "."
}

// people are those who have a role.
var people = map[apiv1.Role]string{
	apiv1.Role_ROLE_CUSTOMER: "customers",
	apiv1.Role_ROLE_ADMIN:    "administrators",
}

// staff are those who have a role in a salon.
var staff = map[apiv1.SalonRole]string{
	apiv1.SalonRole_SALON_ROLE_MASTER:       "masters",
	apiv1.SalonRole_SALON_ROLE_RECEPTIONIST: "receptionists",
	apiv1.SalonRole_SALON_ROLE_MANAGER:      "managers",
}

// callers says in words what the security says.
func callers(m *method) string {
	var roles []string
	for _, role := range m.policy.GetRoles() {
		roles = append(roles, people[role])
	}
	for _, role := range m.policy.GetSalonRoles() {
		roles = append(roles, staff[role])
	}
	switch {
	case m.public() && m.takes("ticket") && !m.takes("search"): // a stream of what belongs to accounts
		return "*For everybody who is signed in, or has a ticket.*"
	case m.public() && len(*security(m)) > 0:
		return "*For everybody. An access token is optional: who is signed in is answered as themselves.*"
	case m.public():
		return "*For everybody.*"
	case len(roles) == 0:
		return "*For everybody who is signed in.*"
	default:
		return "*For " + enumerate(roles) + " only.*"
	}
}

// enumerate joins words as a sentence does: "a, b and c".
func enumerate(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// security follows the policy. A public method that answers depending on who asks takes a token without demanding one.
func security(m *method) *[]securityRequirement {
	signedIn := securityRequirement{bearerAuth: {}}
	switch {
	case !m.public():
		return &[]securityRequirement{signedIn}
	case m.Personal(), m.policy.GetTokenOptional():
		return &[]securityRequirement{{}, signedIn}
	default:
		return &[]securityRequirement{}
	}
}

// Examples of conditional headers and of optional parameters would be sent by everybody who tries a call out, and make
// it fail or find nothing. Only parameters that must be there have one.
func (b *builder) addParameters(op *operation, m *method, raw *operation) error {
	for _, p := range raw.Parameters {
		if strings.Contains(p.Name, ".") { // a field of a message of the request: the gateway takes none from a query
			continue
		}
		fd := m.desc.Input().Fields().ByJSONName(p.Name)
		if fd == nil {
			fd = m.desc.Input().Fields().ByName(protoreflect.Name(p.Name))
		}
		if fd == nil {
			return fmt.Errorf("the plugin's parameter %s is no field of the request", p.Name)
		}
		s, err := newField(fd, p.Schema, inRequest)
		if err != nil {
			return fmt.Errorf("%s: %w", fd.FullName(), err)
		}
		out := &parameter{
			Name: fd.JSONName(), In: p.In, Required: p.In == "path" || required(fd, inRequest), Schema: s,
			Description: strings.TrimSpace(restText(p.Description) + " " + s.Description),
		}
		s.Description, s.Examples = "", nil
		if out.Required {
			out.Example = b.value(fd, nil)
		}
		op.Parameters = append(op.Parameters, out)
	}
	for _, name := range headerParameters(m) {
		op.Parameters = append(op.Parameters, &parameter{Ref: "#/components/parameters/" + name})
	}
	return nil
}

// headerOf names the request header that the gateway reads a field from.
func headerOf(fd protoreflect.FieldDescriptor) string {
	switch fd.Name() {
	case "etag":
		return "If-Match"
	case "request_id":
		return "Idempotency-Key"
	default:
		return ""
	}
}

// headerParameters are the components of the request headers that a method understands.
func headerParameters(m *method) []string {
	var names []string
	if m.takes("request_id") {
		names = append(names, "IdempotencyKey")
	}
	if m.takes("etag") {
		names = append(names, "IfMatch")
	}
	if m.Verb == http.MethodGet && m.returns("etag") {
		names = append(names, "IfNoneMatch")
	}
	return names
}

// addRequestBody makes a schema of what a request's message holds beyond the path. A verb that needs nothing else has no
// body.
func (b *builder) addRequestBody(op *operation, m *method, raw *operation) error {
	if !m.HasBody {
		return nil
	}
	in := m.desc.Input()
	fields, needed := 0, false
	for i := range in.Fields().Len() {
		if fd := in.Fields().Get(i); !m.InPath(fd) {
			fields++
			needed = needed || required(fd, inRequest)
		}
	}
	if fields == 0 {
		return nil
	}
	rawBody, _ := raw.RequestBody.Content.get(jsonType)
	s := rawBody.Schema
	s.Description = commentOf(in)
	if _, component := b.types[in.FullName()]; !component { // else it is a field of another message too
		if err := b.addMessage(in, s, inRequest, func(fd protoreflect.FieldDescriptor) bool { return !m.InPath(fd) }); err != nil {
			return err
		}
	}
	op.RequestBody = &requestBody{Required: needed}
	op.RequestBody.Content.set(jsonType, mediaType{
		Schema:  &schema{Ref: schemaRef + string(in.Name())},
		Example: b.requestExample(m),
	})
	return nil
}
