package fieldmask_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/fieldmask"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	master := func(m *userv1.UpdateMasterRequest) *userv1.UpdateMasterRequest {
		m.MasterId, m.Etag = "m1", "7"
		return m
	}
	tests := []struct {
		name string
		in   proto.Message
		want []string
	}{
		{"nothing present", master(&userv1.UpdateMasterRequest{}), nil},
		{"present ones", master(&userv1.UpdateMasterRequest{Bio: new("x")}), []string{"bio"}},
		{"zero is present too", master(&userv1.UpdateMasterRequest{Bio: new(""), ExperienceYears: new(int32(0))}), []string{"bio", "experience_years"}},
		{"a list with items", master(&userv1.UpdateMasterRequest{Specialties: []string{"cut"}}), []string{"specialties"}},
		{"an empty list is absent", master(&userv1.UpdateMasterRequest{Specialties: []string{}}), nil},
		{"an empty mask is none", master(&userv1.UpdateMasterRequest{Bio: new("x"), UpdateMask: mask()}), []string{"bio"}},
		{"a message", &appointmentv1.UpdateServiceRequest{ServiceId: "s1", Price: &apiv1.Money{}}, []string{"price"}},
		{"the mask decides", master(&userv1.UpdateMasterRequest{Bio: new("x"), UpdateMask: mask("specialties", "photo_url")}), []string{"photo_url", "specialties"}},
		{"twice is once", master(&userv1.UpdateMasterRequest{UpdateMask: mask("bio", "bio")}), []string{"bio"}},
		{"all", master(&userv1.UpdateMasterRequest{UpdateMask: mask("*")}), []string{"bio", "display_name", "experience_years", "photo_url", "specialties"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := fieldmask.Paths(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			for _, f := range tt.want {
				if !got.Has(f) {
					t.Errorf("Has(%q) is false", f)
				}
			}
			if got.Has("master_id") || got.Has("etag") {
				t.Error("the id or the etag would be written")
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "role", "user_id", "state", "master_id", "etag", "update_mask", "Bio", "displayName", "bio.x", "price.amount_minor", "**", "bio,photo_url"} {
		_, err := fieldmask.Paths(&userv1.UpdateMasterRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bio", path}}})
		var e *apierr.Error
		if !errors.As(err, &e) || e.ReasonName() != "INVALID_FIELDS" || e.Fields()[0].GetField() != "update_mask" {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

func TestNoMask(t *testing.T) {
	t.Parallel()
	if _, err := fieldmask.Paths(&userv1.GetMasterRequest{}); apierr.ReasonOf(err) != "INTERNAL" {
		t.Errorf("got %v, want INTERNAL", err)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	fields, err := fieldmask.Paths(&userv1.UpdateMasterRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bio"}}})
	if err != nil {
		t.Fatal(err)
	}
	bio, name := "old", "Mira"
	fieldmask.Write(fields, "bio", &bio, "")
	fieldmask.Write(fields, "display_name", &name, "")
	if bio != "" || name != "Mira" {
		t.Errorf("wrote %q and %q", bio, name)
	}
}
