package catalog

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
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestPutOffering(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("offerings", "offering.>")
	dye := f.newService("Dye", 8000)
	put := func(as auth.Principal, tag string, price *apiv1.Money, minutes *int32) (*appointmentv1.Offering, error) {
		return f.client.PutOffering(f.As(as), &appointmentv1.PutOfferingRequest{
			MasterId: f.mira.UserID, ServiceId: dye.GetId(), PriceOverride: price, DurationOverrideMinutes: minutes, Etag: tag,
		})
	}
	_, err := put(f.manager, "*", nil, nil)
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "") // there is nothing to change yet
	got, err := put(f.manager, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	made := timestamppb.New(f.Clock.Now())
	want := &appointmentv1.Offering{
		SalonId: id.FirstSalon, MasterId: f.mira.UserID, ServiceId: dye.GetId(), Price: euros(8000), DurationMinutes: 60, ServiceName: "Dye",
		Bookable: true, CreateTime: made, UpdateTime: made, Etag: "1", Phases: []*appointmentv1.Phase{work(60)},
	}
	servicetest.WantMessage(t, got, want)
	f.Clock.Advance(time.Minute)
	if got, err = put(f.admin, "1", nil, nil); err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, got, want)
	if got, err = put(f.admin, "1", euros(9000), proto.Int32(75)); err != nil {
		t.Fatal(err)
	}
	want.Price, want.PriceOverride, want.DurationMinutes, want.DurationOverrideMinutes = euros(9000), euros(9000), 75, proto.Int32(75)
	want.UpdateTime, want.Etag, want.Phases = timestamppb.New(f.Clock.Now()), "2", []*appointmentv1.Phase{work(75)}
	servicetest.WantMessage(t, got, want)

	_, err = put(f.manager, "1", nil, nil)
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	_, err = put(f.manager, "", &apiv1.Money{CurrencyCode: "JPY", AmountMinor: new(int32(9000))}, nil)
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "price_override.currency_code")
	_, err = put(f.manager, "", nil, proto.Int32(4))
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "duration_override_minutes")
	_, err = put(f.ann, "", nil, nil)
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	_, err = put(f.mira, "", nil, nil) // masters do not change what they offer
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	_, err = put(f.otherManager, "", nil, nil)
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	_, err = f.client.PutOffering(f.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: f.ann.UserID, ServiceId: dye.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = f.client.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")

	remove := func(as auth.Principal, tag string) error {
		_, err := f.client.DeleteOffering(f.As(as), &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: dye.GetId(), Etag: tag})
		return err
	}
	servicetest.WantError(t, remove(f.manager, "1"), codes.Aborted, "ETAG_MISMATCH", "")
	servicetest.WantError(t, remove(f.mira, ""), codes.PermissionDenied, "PERMISSION_DENIED", "")
	servicetest.WantError(t, remove(f.otherManager, ""), codes.PermissionDenied, "PERMISSION_DENIED", "")
	if err := remove(f.manager, "2"); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, remove(f.manager, ""), codes.NotFound, "NOT_FOUND", "")
	_, err = put(f.manager, "3", nil, nil)
	servicetest.WantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if got, err = put(f.manager, "", nil, nil); err != nil || got.GetEtag() != "4" {
		t.Errorf("offered again: %v, %v", got, err)
	}

	id, err := offeringID(f.mira.UserID, dye.GetId())
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	f.Eventually("four events", func() bool {
		types = nil
		for _, e := range listener.Heard() {
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
		page, err := f.client.ListOfferings(t.Context(), req)
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
		_, err := f.client.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: id})
		servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	}
	page, err := f.client.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: f.otherMaster.UserID})
	if err != nil || len(page.GetOfferings()) != 0 {
		t.Errorf("a master without offerings: %v, %v", page, err)
	}
}

// Master and service of an offering are of the same salon.
func TestOfferingsStayWithinASalon(t *testing.T) {
	f := newFixture(t)
	theirs := f.newOtherService("Shiatsu")
	for _, tt := range []struct {
		as, master auth.Principal
		service    *appointmentv1.Service
	}{{f.manager, f.mira, theirs}, {f.otherManager, f.otherMaster, f.cut}, {f.admin, f.mira, theirs}} {
		_, err := f.client.PutOffering(f.As(tt.as), &appointmentv1.PutOfferingRequest{
			MasterId: tt.master.UserID, ServiceId: tt.service.GetId(),
		})
		servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "service_id")
	}
	if o := f.offer(f.otherMaster, theirs); o.GetSalonId() != f.other || o.GetPrice().GetCurrencyCode() != "JPY" {
		t.Errorf("got %v", o)
	}
	if n := f.count("offerings"); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestOfferingsOfUnavailableMasters(t *testing.T) {
	f := newFixture(t)
	for name, m := range map[string]*userv1.LookupMasterResponse{
		"deleted": {Deleted: true, Version: 2}, "disabled": {Disabled: true, Version: 3},
	} {
		m.MasterId, m.SalonId = f.mira.UserID, id.FirstSalon
		f.setMaster(m)
		_, err := f.client.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{
			MasterId: f.mira.UserID, ServiceId: f.cut.GetId(), DurationOverrideMinutes: proto.Int32(30),
		})
		t.Run(name, func(t *testing.T) { servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "") })
	}
}
