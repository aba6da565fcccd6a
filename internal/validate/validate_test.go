package validate_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	_ "github.com/beauty-salon/platform/gen/salon/notification/v1"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/validate"
)

const someID = "0197b0f2-5d3a-7c3e-9f51-0a1b2c3d4e5f"

// invalid checks a message and returns "field: description" of all that is blamed.
func invalid(t *testing.T, m proto.Message) []string {
	t.Helper()
	err := validate.Message(m)
	if err == nil {
		return nil
	}
	var e *apierr.Error
	if !errors.As(err, &e) || e.Code() != codes.InvalidArgument || e.ReasonName() != "INVALID_FIELDS" {
		t.Fatalf("got %v, want INVALID_FIELDS", err)
	}
	var fields []string
	for _, f := range e.Fields() {
		fields = append(fields, f.GetField()+": "+f.GetDescription())
	}
	return fields
}

func TestFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   proto.Message
		want []string
	}{
		{"good", &userv1.GetMasterRequest{MasterId: someID}, nil},
		{"nil UUID is a UUID", &userv1.GetMasterRequest{MasterId: "00000000-0000-0000-0000-000000000000"}, nil},
		{"missing", &userv1.GetMasterRequest{}, []string{"master_id: is required"}},
		{"braces", &userv1.GetMasterRequest{MasterId: "{" + someID + "}"}, []string{"master_id: must be a valid UUID"}},
		{"urn", &userv1.GetMasterRequest{MasterId: "urn:uuid:" + someID}, []string{"master_id: must be a valid UUID"}},
		{"cut short", &userv1.GetMasterRequest{MasterId: someID[:30]}, []string{"master_id: must be a valid UUID"}},
		{"a path", &userv1.GetMasterRequest{MasterId: "../../etc"}, []string{"master_id: must be a valid UUID"}},
		{
			"several fields",
			&userv1.RegisterRequest{Email: "x", Password: "short", DisplayName: "\u00a0 "},
			[]string{"email: must be a valid email address", "password: must be at least 8 characters", "display_name: is required"},
		},
		{
			"nested",
			&appointmentv1.CreateServiceRequest{
				Name: "Cut", Category: "Hair", DurationMinutes: new(int32(60)),
				Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(-1))},
			},
			[]string{"price.amount_minor: must be greater than or equal to 0 and less than or equal to 1000000000"},
		},
		{
			"item of a list",
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", Specialties: []string{"cut", "a\u202eb"}},
			[]string{"specialties[1]: must be one line of visible text without control characters"},
		},
		{
			"equal after normalisation",
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", Specialties: []string{"cut", " cut"}},
			[]string{"specialties: must not hold the same value twice"},
		},
		{
			"300 characters",
			&userv1.CreateMasterRequest{UserId: someID, DisplayName: strings.Repeat("ä", 300)},
			[]string{"display_name: must be at most 100 characters"},
		},
		{"negative page size", &userv1.ListMastersRequest{PageSize: -1}, []string{"page_size: must be greater than or equal to 0"}},
		{"huge page size", &userv1.ListMastersRequest{PageSize: math.MaxInt32}, nil},
		{
			"unspecified enum",
			&appointmentv1.ListAppointmentsRequest{States: []appointmentv1.AppointmentState{0}},
			[]string{"states[0]: must be specified"},
		},
		{
			"unknown enum number",
			&appointmentv1.ListAppointmentsRequest{States: []appointmentv1.AppointmentState{1, 99}},
			[]string{"states[1]: must be one of the defined enum values"},
		},
		{
			"unknown enum number without a rule",
			&userv1.CheckSessionResponse{Role: 99},
			[]string{"role: must be one of the defined enum values"},
		},
		{
			"rule over two fields",
			&appointmentv1.ListAppointmentsRequest{
				From: &timestamppb.Timestamp{Seconds: 5},
				To:   &timestamppb.Timestamp{Seconds: 5},
			},
			[]string{"to: must be after from"},
		},
		{
			"year 10000",
			&appointmentv1.ListAppointmentsRequest{From: &timestamppb.Timestamp{Seconds: 253402300800}},
			[]string{"from: must be a time between the years 0001 and 9999"},
		},
		{
			"year 0",
			&appointmentv1.ListAppointmentsRequest{From: &timestamppb.Timestamp{Seconds: -62135596801}},
			[]string{"from: must be a time between the years 0001 and 9999"},
		},
		{
			"negative nanoseconds",
			&appointmentv1.ListAppointmentsRequest{From: &timestamppb.Timestamp{Nanos: -1}},
			[]string{"from: must be a time between the years 0001 and 9999"},
		},
		{"years 1 and 9999", &appointmentv1.ListAppointmentsRequest{
			From: &timestamppb.Timestamp{Seconds: -62135596800},
			To:   &timestamppb.Timestamp{Seconds: 253402300799, Nanos: 999999999},
		}, nil},
		{"duration", &durationpb.Duration{Seconds: math.MaxInt64}, []string{": must be a duration of at most 10000 years"}},
		{"not UTF-8 without a rule", &userv1.ListMastersRequest{PageToken: "\xc3\x28"}, []string{"page_token: must be valid UTF-8"}},
		{"NUL without a rule", &userv1.ListMastersRequest{PageToken: "a\x00"}, []string{"page_token: must not hold NUL"}},
		{
			"NUL in a map and a list",
			&structpb.Struct{Fields: map[string]*structpb.Value{"a\"b": structpb.NewListValue(&structpb.ListValue{
				Values: []*structpb.Value{structpb.NewBoolValue(true), structpb.NewStringValue("\x00")},
			})}},
			[]string{`fields["a\"b"].list_value.values[1].string_value: must not hold NUL`},
		},
		{
			"NUL in a key",
			&structpb.Struct{Fields: map[string]*structpb.Value{"\x00": structpb.NewNullValue()}},
			[]string{"fields: must not hold NUL"},
		},
		{"no phone number", &userv1.RegisterRequest{
			Email: "anna@example.com", Password: "long enough", DisplayName: "Anna", Phone: "030 123",
		}, []string{`phone: must look like "+4930123456"`}},
		{"a photo without a host", &userv1.UpdateMasterRequest{MasterId: someID, PhotoUrl: new("https:///mira.jpg")}, []string{
			"photo_url: must be an https:// address or empty",
		}},
		{"a photo with a password", &userv1.CreateMasterRequest{
			UserId: someID, DisplayName: "Mira", PhotoUrl: "https://mira:secret@example.com/mira.jpg",
		}, []string{"photo_url: must be an https:// address"}},
		{"not an order", &appointmentv1.ListAppointmentsRequest{OrderBy: "id;select"}, []string{
			`order_by: must be "start_time" or "start_time desc"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := invalid(t, tt.in); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestViolationsAreBounded(t *testing.T) {
	t.Parallel()
	m := &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A", Specialties: make([]string, 20)}
	if got := invalid(t, m); len(got) != 16 {
		t.Errorf("got %d violations, want 16", len(got))
	}
}

// TestLongLists: the items of a list that is too long are not checked one by one.
func TestLongLists(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]proto.Message{
		"specialties: must hold at most 20 items": &userv1.CreateMasterRequest{
			UserId: "x", DisplayName: "A", Specialties: make([]string, 500_000),
		},
		"segments: must hold at most 8 items": &appointmentv1.CreateAppointmentRequest{
			Segments: make([]*appointmentv1.SegmentInput, 9),
		},
	} {
		if got := invalid(t, m); len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A mask that names an absent field clears it, so the field's rules must hold for its zero value.
func TestMaskedFields(t *testing.T) {
	t.Parallel()
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	tests := []struct {
		name     string
		in, want proto.Message // want nil: the same as in
		invalid  string
	}{
		{
			name: "without a mask absent is absent",
			in:   &userv1.UpdateMasterRequest{MasterId: someID},
		},
		{
			name: "a text may be cleared",
			in:   &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("bio")},
			want: &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("bio"), Bio: new("")},
		},
		{
			name: "a value stays",
			in:   &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("bio"), Bio: new("x")},
		},
		{
			name:    "a name must not be empty",
			in:      &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("display_name")},
			invalid: "display_name: must not be empty",
		},
		{
			name: "a list may be emptied",
			in:   &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("specialties")},
		},
		{
			name:    "a price must be there",
			in:      &appointmentv1.UpdateServiceRequest{ServiceId: someID, UpdateMask: mask("price")},
			invalid: "price: must be set, since update_mask names it",
		},
		{
			name:    "a number must be there",
			in:      &appointmentv1.UpdateBookingPolicyRequest{SalonId: someID, UpdateMask: mask("max_open_appointments")},
			invalid: "max_open_appointments: must be set, since update_mask names it",
		},
		{
			name: "0 is a number",
			in: &appointmentv1.UpdateBookingPolicyRequest{
				SalonId: someID, UpdateMask: mask("max_open_appointments"), MaxOpenAppointments: new(int32(0)),
			},
		},
		{
			name: "a number that is clearable may be taken away",
			in:   &appointmentv1.UpdateServiceRequest{ServiceId: someID, UpdateMask: mask("lead_time_override_minutes")},
		},
		{
			name:    "a full replacement needs all",
			in:      &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("*"), ExperienceYears: new(int32(0))},
			invalid: "display_name: must not be empty",
		},
		{
			name: "what the mask may not name is not its business",
			in:   &userv1.UpdateMasterRequest{MasterId: someID, UpdateMask: mask("nonsense", "master_id", "update_mask", "etag")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.want == nil {
				tt.want = proto.Clone(tt.in)
			}
			if got := strings.Join(invalid(t, tt.in), "\n"); got != tt.invalid {
				t.Fatalf("got %q, want %q", got, tt.invalid)
			}
			if tt.invalid == "" && !proto.Equal(tt.in, tt.want) {
				t.Errorf("got %v, want %v", tt.in, tt.want)
			}
		})
	}
}

// A rule that does not compile would be an INTERNAL error of every call of its method.
func TestAllRulesCompile(t *testing.T) {
	t.Parallel()
	requests := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "salon.") {
			return true
		}
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				input := methods.Get(j).Input()
				typ, err := protoregistry.GlobalTypes.FindMessageByName(input.FullName())
				if err != nil {
					t.Errorf("%s: %v", input.FullName(), err)
					continue
				}
				requests++
				invalid(t, typ.New().Interface()) // fails for all but INVALID_FIELDS
			}
		}
		return true
	})
	if requests == 0 {
		t.Error("no request found")
	}
}

func BenchmarkMessage(b *testing.B) {
	for name, m := range map[string]proto.Message{
		"id": &userv1.GetMasterRequest{MasterId: someID},
		"texts": &userv1.CreateMasterRequest{
			UserId: someID, DisplayName: "Mira Sol", Bio: "Colour and care since 2012.",
			Specialties: []string{"balayage", "colour", "cut"}, PhotoUrl: "https://cdn.example.com/mira.jpg",
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := validate.Message(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
