package main

import "google.golang.org/protobuf/reflect/protoreflect"

// shownInRequests says of optional fields whether the example of a request has them, where the contract's own example does not decide
// it: they are needed where another one is missing, only staff may send them, or they do not go with the others.
var shownInRequests = map[protoreflect.FullName]bool{
	"salon.appointment.v1.CreateAppointmentRequest.start_time":   true,
	"salon.appointment.v1.CreateAppointmentRequest.segments":     true,
	"salon.appointment.v1.CreateAppointmentRequest.override":     false,
	"salon.appointment.v1.CreateAppointmentRequest.overbook":     false,
	"salon.appointment.v1.SegmentInput.master_id":                true,
	"salon.appointment.v1.RescheduleAppointmentRequest.override": false,
	"salon.appointment.v1.RescheduleAppointmentRequest.overbook": false,
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
