package main

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// shownInRequests says of optional fields whether the example of a request has them, where it is not the example in the contract that
// decides: they are needed where another one is missing, only staff may send them, or they do not go with the others.
var shownInRequests = map[protoreflect.FullName]bool{
	"salon.appointment.v1.CreateAppointmentRequest.start_time":   true,
	"salon.appointment.v1.CreateAppointmentRequest.segments":     true,
	"salon.appointment.v1.CreateAppointmentRequest.override":     false,
	"salon.appointment.v1.SegmentInput.master_id":                true,
	"salon.appointment.v1.RescheduleAppointmentRequest.override": false,
	"salon.appointment.v1.SearchAvailabilityRequest.segments":    true,
	"salon.appointment.v1.SearchAvailabilityRequest.part_of_day": false,
	"salon.appointment.v1.ExplainSlotRequest.segments":           true,
	"salon.appointment.v1.CheckSlotsRequest.segments":            true,
	"salon.appointment.v1.CreateClosureRequest.intervals":        false,
	"salon.appointment.v1.CreateServiceRequest.phases":           false,
	"salon.appointment.v1.UpdateServiceRequest.phases":           false,
	"salon.appointment.v1.PutOfferingRequest.phases_override":    false,
}

// requestExample is a body that can be sent as it is: what is required, and what the contract gives an example of.
// Preconditions and keys are left out, since they hold for one request only.
func (b *builder) requestExample(m *method) any {
	return b.requestMessage(m.desc.Input(), func(fd protoreflect.FieldDescriptor) bool { return !m.InPath(fd) })
}

func (b *builder) requestMessage(md protoreflect.MessageDescriptor, shown func(protoreflect.FieldDescriptor) bool) any {
	var out ordered[any]
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		chosen, decided := shownInRequests[fd.FullName()]
		if !decided {
			chosen = required(fd, inRequest) || hasExample(fd)
		}
		if !shown(fd) || !chosen {
			continue
		}
		out.set(fd.JSONName(), b.value(fd, func() any {
			return b.requestMessage(fd.Message(), func(protoreflect.FieldDescriptor) bool { return true })
		}))
	}
	return out
}

// hasExample reports whether the contract gives an example of a field, or of the fields of its message.
func hasExample(fd protoreflect.FieldDescriptor) bool {
	if md := fd.Message(); md != nil && !wellKnownType(md) {
		for i := range md.Fields().Len() {
			if hasExample(md.Fields().Get(i)) {
				return true
			}
		}
	}
	return contractExample(fd) != nil
}

// responseExample is an answer with all of its fields.
func (b *builder) responseExample(m *method) any {
	return b.responseMessage(m.desc.Output(), outcomes[m.desc.Name()])
}

func (b *builder) responseMessage(md protoreflect.MessageDescriptor, outcome map[string]any) any {
	var out ordered[any]
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		v, ok := outcome[fd.JSONName()]
		if !ok {
			v = b.value(fd, func() any { return b.responseMessage(fd.Message(), nil) })
		}
		if v != nil {
			out.set(fd.JSONName(), v)
		}
	}
	return out
}

// value finds the example of a field: in the tables above, in the contract, in the request that sets the field, or what
// the type suggests. It is nil for a field that an answer may leave out and for which nothing better is known.
func (b *builder) value(fd protoreflect.FieldDescriptor, message func() any) any {
	if v, ok := fieldExamples[string(fd.FullName())]; ok {
		return v
	}
	if v := contractExample(fd); v != nil {
		return v
	}
	if v := b.setBy[fd.Parent().FullName()][fd.Name()]; v != nil {
		return v
	}
	if v, ok := fieldExamples[fd.JSONName()]; ok {
		return v
	}
	var v any
	switch {
	case fd.Message() != nil && !wellKnownType(fd.Message()):
		v = message()
	case fd.HasOptionalKeyword() || fd.Message() != nil:
		return nil
	case fd.IsList() && fd.Enum() == nil:
		return []any{}
	case fd.Enum() != nil:
		v = string(fd.Enum().Values().Get(1).Name())
	default:
		v = fd.Default().Interface()
	}
	if fd.IsList() {
		return []any{v}
	}
	return v
}

// contractExample is the example that stands beside a field in the contract, or nil.
func contractExample(fd protoreflect.FieldDescriptor) any {
	var s, items schema
	s.Items = &items
	if err := applyRules(&s, rulesOf(fd)); err != nil {
		return nil // reported where the schema is made
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(items.Examples) > 0:
		return slices.Clone(items.Examples)
	default:
		return nil
	}
}

// findSetters finds, for the fields of a resource, the examples of the requests that set them: a Master's bio is
// explained where CreateMaster takes it.
func (b *builder) findSetters() {
	for _, m := range b.contract.methods {
		resource := m.desc.Output().FullName()
		for i := range m.desc.Input().Fields().Len() {
			fd := m.desc.Input().Fields().Get(i)
			v := contractExample(fd)
			if v == nil || b.setBy[resource][fd.Name()] != nil {
				continue
			}
			if b.setBy[resource] == nil {
				b.setBy[resource] = map[protoreflect.Name]any{}
			}
			b.setBy[resource][fd.Name()] = v
		}
	}
}
