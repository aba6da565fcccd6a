package reason_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/reason"
)

func methodOf(file protoreflect.FileDescriptor, service, method protoreflect.Name) protoreflect.MethodDescriptor {
	return file.Services().ByName(service).Methods().ByName(method)
}

func TestReasons(t *testing.T) {
	t.Parallel()
	everywhere := []string{"MALFORMED_REQUEST", "INVALID_FIELDS", "RATE_LIMITED", "DEADLINE_EXCEEDED", "UNAVAILABLE", "INTERNAL"}
	for _, tt := range []struct {
		name     string
		md       protoreflect.MethodDescriptor
		declared []string
		more     []string // over REST, beyond those everywhere
	}{
		{
			"create", methodOf(userv1.File_salon_user_v1_master_service_proto, "MasterService", "CreateMaster"),
			[]string{"NOT_FOUND", "MASTER_EXISTS", "MASTER_ELSEWHERE", "ACCOUNT_DISABLED"},
			[]string{
				"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "REQUEST_ID_REUSED", "REQUEST_IN_FLIGHT", "MESSAGE_TOO_LARGE",
				"UNSUPPORTED_MEDIA_TYPE", "CONTENTION", "MASTER_EXISTS", "MASTER_ELSEWHERE", "ACCOUNT_DISABLED",
			},
		},
		{
			"public read", methodOf(userv1.File_salon_user_v1_master_service_proto, "MasterService", "GetMaster"), nil,
			[]string{"NOT_FOUND", "NO_SUCH_METHOD", "ETAG_MISMATCH"},
		},
		{
			"list", methodOf(appointmentv1.File_salon_appointment_v1_booking_service_proto, "AppointmentService", "ListAppointments"), nil,
			[]string{"INVALID_PAGE_TOKEN", "UNAUTHENTICATED", "ETAG_MISMATCH"},
		},
		{
			"never", methodOf(ratingv1.File_salon_rating_v1_rating_service_proto, "RatingService", "GetRatingSummary"), nil,
			[]string{"NO_SUCH_METHOD", "ETAG_MISMATCH"},
		},
		{
			"deletion", methodOf(ratingv1.File_salon_rating_v1_rating_service_proto, "RatingService", "DeleteRating"),
			[]string{"PERMISSION_DENIED"},
			[]string{"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "NO_SUCH_METHOD", "ETAG_MISMATCH", "CONTENTION", "MESSAGE_TOO_LARGE"},
		},
	} {
		if got := reason.Declared(tt.md); !slices.Equal(got, tt.declared) {
			t.Errorf("%s: declared are %v, want %v", tt.name, got, tt.declared)
		}
		same(t, tt.name, reason.REST(tt.md), slices.Concat(everywhere, tt.more))
		want := slices.DeleteFunc(slices.Concat(everywhere, tt.more), func(s string) bool {
			return s == "UNSUPPORTED_MEDIA_TYPE" || s == "NO_SUCH_METHOD" || s == "MESSAGE_TOO_LARGE" || s == "ETAG_MISMATCH" && tt.md.Input().Fields().ByName("etag") == nil
		})
		same(t, tt.name, reason.GRPC(tt.md), append(want, "MESSAGE_TOO_LARGE"))
	}
	internal := methodOf(userv1.File_salon_user_v1_identity_service_proto, "IdentityService", "LookupUser")
	if got := append(reason.REST(internal), reason.GRPC(internal)...); got != nil {
		t.Errorf("a method for services answers %v to clients", got)
	}
	// Over gRPC, an empty message has no fields that could be invalid.
	if getMe := methodOf(userv1.File_salon_user_v1_user_service_proto, "UserService", "GetMe"); slices.Contains(reason.GRPC(getMe), "INVALID_FIELDS") {
		t.Error("GetMe answers INVALID_FIELDS over gRPC")
	}
}

func same(t *testing.T, name string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got  %v\nwant %v", name, got, want)
	}
}
