package openapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func newMessage(t *testing.T, md protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return mt.New().Interface()
}

func decode(t *testing.T, md protoreflect.MessageDescriptor, example any) proto.Message {
	t.Helper()
	data, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	msg := newMessage(t, md)
	if err := protojson.Unmarshal(data, msg); err != nil {
		t.Fatalf("%s: %v", md.Name(), err)
	}
	return msg
}

// emitted is a message as the gateway writes it.
func emitted(t *testing.T, msg proto.Message) map[string]any {
	t.Helper()
	data, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// What is offered for trying out passes the validation of the services.
func TestRequestExamplesAreAccepted(t *testing.T) {
	doc := load(t)
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		example := map[string]any{}
		if op.RequestBody != nil {
			body, _ := op.RequestBody.Value.Content.Get("application/json").Example.(map[string]any)
			maps.Copy(example, body)
		}
		for _, p := range op.Parameters {
			if p.Value.Required {
				example[p.Value.Name] = p.Value.Example
			}
		}
		if err := protovalidate.Validate(decode(t, m.desc.Input(), example)); err != nil {
			t.Errorf("%s: %v", op.OperationID, err)
		}
		for _, once := range []string{"etag", "requestId", "updateMask"} {
			if _, ok := example[once]; ok {
				t.Errorf("%s: the example has %s, which holds for one request only", op.OperationID, once)
			}
		}
	}
}

// A booking, a search and an explanation need services, although the contract does not require them: a quote, or an appointment that
// is moved, stands for them. Only staff send an override.
func TestExamplesOfBookingsHaveServices(t *testing.T) {
	paths := load(t).Paths
	for _, path := range []string{"/v1/appointments", "/v1/availability:search", "/v1/availability:explain", "/v1/availability:check"} {
		body, _ := paths.Find(path).Post.RequestBody.Value.Content.Get("application/json").Example.(map[string]any)
		segments, _ := body["segments"].([]any)
		if len(segments) != 1 || body["override"] != nil {
			t.Errorf("the example of %s is %v", path, body)
		}
	}
}

// The examples of answers have exactly the fields that the gateway writes.
func TestResponseExamplesAreWhatTheGatewayWrites(t *testing.T) {
	doc := load(t)
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		content := op.Responses.Status(m.successStatus()).Value.Content.Get("application/json")
		if content == nil {
			continue
		}
		example, _ := content.Example.(map[string]any)
		want := emitted(t, decode(t, m.desc.Output(), example))
		same(t, op.OperationID, keys(example), keys(want))
	}
}

// Typed clients need to know which fields are always there.
func TestAnswersPromiseWhatTheGatewayWrites(t *testing.T) {
	doc := load(t)
	// The fields that may be absent. Whoever adds one makes every client check it.
	optional := map[string][]string{
		"Appointment":          {"cancellationFee", "customer", "groupPlace", "lapseTime"},
		"AppointmentChange":    {"endAfter", "endBefore", "startBefore", "stateBefore"},
		"AppointmentSeries":    {"createTime"},
		"Erasure":              {"completeTime"},
		"SeriesOccurrence":     {"state"},
		"FieldError":           nil,
		"FollowingAppointment": {"newEndTime", "newStartTime"},
		"Notification":         {"appointmentStartTime", "readTime"},
		"Offering": {
			"bufferAfterOverrideMinutes", "bufferBeforeOverrideMinutes", "durationOverrideMinutes", "priceOverride",
		},
		"Problem":                {"detail", "details", "errors"},
		"Rating":                 {"replyTime"},
		"Service":                {"horizonOverrideDays", "leadTimeOverrideMinutes", "slotStepOverrideMinutes"},
		"ServiceErasure":         {"completeTime"},
		"Slot":                   {"placesLeft", "quoteExpireTime"},
		"UpdateResourceResponse": {"resource"},

		"WaitlistEntry":              {"offer", "partOfDay"},
		"SegmentFilter":              {"masterIds"}, // of requests too
		"WatchAppointmentsResponse":  {"appointment"},
		"WatchNotificationsResponse": {"notification"},
		"WatchAvailabilityResponse":  {"result"},
		// Parts of requests too, where they may be left out.
		"Phase":       {"resourceKindIds"},
		"WeeklyHours": {"intervals", "validFrom", "validUntil"},
	}
	sent, received := map[string]protoreflect.MessageDescriptor{}, map[string]protoreflect.MessageDescriptor{}
	for _, m := range contractMethods(t) {
		collect(m.desc.Output(), sent)
		collect(m.desc.Input(), received)
	}
	for name, ref := range doc.Components.Schemas {
		md, isAnswer := sent[name]
		if !isAnswer && name != "Problem" && name != "FieldError" {
			continue
		}
		var got []string
		for property := range ref.Value.Properties {
			if !slices.Contains(ref.Value.Required, property) {
				got = append(got, property)
			}
		}
		same(t, name+": optional fields", got, optional[name])
		if md == nil {
			continue
		}
		same(t, name+": fields", keys(ref.Value.Properties), jsonNames(md))
		for field := range emitted(t, newMessage(t, md)) {
			if received[name] == nil && !slices.Contains(ref.Value.Required, field) {
				t.Errorf("%s.%s is always written, but not required", name, field)
			}
		}
	}
}

func collect(md protoreflect.MessageDescriptor, into map[string]protoreflect.MessageDescriptor) {
	if md.ParentFile().Package() == "google.protobuf" || into[string(md.Name())] != nil {
		return
	}
	into[string(md.Name())] = md
	for i := range md.Fields().Len() {
		if sub := md.Fields().Get(i).Message(); sub != nil {
			collect(sub, into)
		}
	}
}

func jsonNames(md protoreflect.MessageDescriptor) []string {
	var names []string
	for i := range md.Fields().Len() {
		names = append(names, md.Fields().Get(i).JSONName())
	}
	return names
}
