package appointment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func TestPutOffering(t *testing.T) {
	f := newFixture(t)
	heard := f.Listen("offerings", "offering.>")
	dye := f.newService("Dye", 8000)
	put := func(as auth.Principal, tag string, price *apiv1.Money, minutes *int32) (*appointmentv1.Offering, error) {
		return f.catalog.PutOffering(f.As(as), &appointmentv1.PutOfferingRequest{
			MasterId: f.mira.UserID, ServiceId: dye.GetId(), PriceOverride: price, DurationOverrideMinutes: minutes, Etag: tag,
		})
	}
	_, err := put(f.mira, "*", nil, nil)
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "") // there is nothing to change yet
	got, err := put(f.mira, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	made := timestamppb.New(f.Clock.Now())
	want := &appointmentv1.Offering{
		MasterId: f.mira.UserID, ServiceId: dye.GetId(), Price: euros(8000), DurationMinutes: 60, ServiceName: "Dye",
		Bookable: true, CreateTime: made, UpdateTime: made, Etag: "1",
	}
	wantMessage(t, got, want)
	f.Clock.Advance(time.Minute)
	if got, err = put(f.admin, "1", nil, nil); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, got, want)
	if got, err = put(f.admin, "1", euros(9000), proto.Int32(75)); err != nil {
		t.Fatal(err)
	}
	want.Price, want.PriceOverride, want.DurationMinutes, want.DurationOverrideMinutes = euros(9000), euros(9000), 75, proto.Int32(75)
	want.UpdateTime, want.Etag = timestamppb.New(f.Clock.Now()), "2"
	wantMessage(t, got, want)

	_, err = put(f.mira, "1", nil, nil)
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	_, err = put(f.mira, "", &apiv1.Money{CurrencyCode: "JPY", AmountMinor: 9000}, nil)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "price_override.currency_code")
	_, err = put(f.mira, "", nil, proto.Int32(4))
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "duration_override_minutes")
	_, err = put(f.ann, "", nil, nil)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	_, err = put(f.SignIn(apiv1.Role_ROLE_MASTER), "", nil, nil)
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.catalog.PutOffering(f.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: f.ann.UserID, ServiceId: dye.GetId()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.catalog.PutOffering(f.As(f.mira), &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.NewID()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")

	remove := func(as auth.Principal, tag string) error {
		_, err := f.catalog.DeleteOffering(f.As(as), &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: dye.GetId(), Etag: tag})
		return err
	}
	wantError(t, remove(f.mira, "1"), codes.Aborted, "ETAG_MISMATCH", "")
	wantError(t, remove(f.SignIn(apiv1.Role_ROLE_MASTER), ""), codes.NotFound, "NOT_FOUND", "")
	if err := remove(f.mira, "2"); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove(f.mira, ""), codes.NotFound, "NOT_FOUND", "")
	_, err = put(f.mira, "3", nil, nil)
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if got, err = put(f.mira, "", nil, nil); err != nil || got.GetEtag() != "4" {
		t.Errorf("offered again: %v, %v", got, err)
	}

	id, err := offeringID(f.mira.UserID, dye.GetId())
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	f.Eventually("four events", func() bool {
		types = nil
		for _, e := range heard.Heard() {
			if e.AggregateID == id {
				types = append(types, fmt.Sprint(e.Type, " ", e.AggregateVersion))
			}
		}
		return len(types) == 4
	})
	if !slices.Equal(types, []string{"offering.put 1", "offering.put 2", "offering.deleted 3", "offering.put 4"}) {
		t.Errorf("events %q", types)
	}
}

func TestListOfferings(t *testing.T) {
	f := newFixture(t)
	names := []string{"Balayage", "Cut", "Dye"}
	for _, name := range []string{"Dye", "Balayage"} {
		f.offer(f.mira, f.newService(name, 100))
	}
	f.newService("Nobody's", 100)
	req := &appointmentv1.ListOfferingsRequest{MasterId: f.mira.UserID, PageSize: 2}
	var got []string
	for {
		page, err := f.catalog.ListOfferings(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.GetOfferings() {
			got = append(got, o.GetServiceName())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("got %q, want %q", got, names)
	}
	for _, id := range []string{f.NewID(), f.ann.UserID} {
		_, err := f.catalog.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: id})
		wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	}
	newcomer := f.SignIn(apiv1.Role_ROLE_MASTER)
	page, err := f.catalog.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: newcomer.UserID})
	if err != nil || len(page.GetOfferings()) != 0 {
		t.Errorf("a master without offerings: %v, %v", page, err)
	}
}
