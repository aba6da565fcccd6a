package e2e_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// tenant is a salon with one row of everything that there is.
type tenant struct {
	system *salontest.System
	salon  *appointmentv1.Salon

	manager, receptionist, master, customer *salontest.Account
	service                                 *appointmentv1.Service
	appointment                             *appointmentv1.Appointment // completed and rated
	unregistered                            *appointmentv1.Customer
	rating                                  *ratingv1.Rating
	resource                                *appointmentv1.Resource

	hold, series, entry, place string // of the customer
	group                      string // public, but for who is in it
	// secrets are ids and texts that are only for people of the salon, by what they are of.
	secrets map[string]string
}

func newTenant(t *testing.T, s *salontest.System, n int) *tenant {
	t.Helper()
	w := &tenant{system: s, salon: s.NewSalon(t)}
	id, unique := w.salon.GetId(), salontest.Unique()
	phone := func(k int) string { return fmt.Sprintf("+4930%d%06d", k, n) }
	w.manager = s.NewMember(t, id, "Manager "+unique, apiv1.SalonRole_SALON_ROLE_MANAGER)
	w.receptionist = s.NewMember(t, id, "Receptionist "+unique, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST)
	w.master, w.customer = s.NewMasterOf(t, id, "Master "+unique), s.NewCustomer(t, "Customer "+unique)
	salontest.Do[*userv1.User](t, s.REST(), w.customer, userv1.UserService_UpdateMe_FullMethodName,
		&userv1.UpdateMeRequest{Phone: new(phone(1))})
	w.service = s.NewServiceOf(t, id)
	s.Offer(t, w.master, w.service)
	w.unregistered = salontest.Do[*appointmentv1.Customer](t, s.REST(), w.receptionist,
		appointmentv1.CustomerService_CreateCustomer_FullMethodName, &appointmentv1.CreateCustomerRequest{
			DisplayName: "Unregistered " + unique, Phone: phone(2), Email: "unregistered-" + unique + "@example.com", Notes: "Notes " + unique,
		})

	pending := w.book(t, w.customer)
	completed := w.book(t, w.customer)
	s.MoveToPast(t, completed.GetId())
	w.appointment = salontest.Do[*appointmentv1.Appointment](t, s.REST(), w.manager,
		appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
		&appointmentv1.CompleteAppointmentRequest{AppointmentId: completed.GetId()})
	w.rating = salontest.Do[*ratingv1.Rating](t, s.REST(), w.customer, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: completed.GetId(), Stars: 5})
	invitation := salontest.Do[*userv1.Invitation](t, s.REST(), w.manager, userv1.MemberService_InviteMember_FullMethodName,
		&userv1.InviteMemberRequest{
			SalonId: id, Email: "invited-" + unique + "@example.com", Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MASTER},
		})
	w.resource = s.NewResource(t, s.NewResourceKind(t, id))
	closure := s.CloseResource(t, w.resource, s.NextStart())
	w.holdAndRepeat(t)
	w.joinGroupAndWaitlist(t)
	w.secrets = map[string]string{
		"the hold":                        w.hold,
		"the series":                      w.series,
		"the waitlist entry":              w.entry,
		"the appointment in a group":      w.place,
		"the resource":                    w.resource.GetId(),
		"the name of the resource":        w.resource.GetName(),
		"the closure of the resource":     closure.GetId(),
		"the note of the closure":         closure.GetNote(),
		"the manager":                     w.manager.ID,
		"the manager's address":           w.manager.Email,
		"the manager's name":              w.manager.Name,
		"the receptionist":                w.receptionist.ID,
		"the receptionist's address":      w.receptionist.Email,
		"the receptionist's name":         w.receptionist.Name,
		"the master's address":            w.master.Email,
		"the customer":                    w.appointment.GetCustomerId(),
		"the customer's account":          w.customer.ID,
		"the customer's address":          w.customer.Email,
		"the customer's name":             w.customer.Name,
		"the customer's phone":            phone(1),
		"the customer without an account": w.unregistered.GetId(),
		"the name of the unregistered":    w.unregistered.GetDisplayName(),
		"the address of the unregistered": w.unregistered.GetEmail(),
		"the phone of the unregistered":   phone(2),
		"the notes":                       w.unregistered.GetNotes(),
		"the completed appointment":       w.appointment.GetId(),
		"the pending appointment":         pending.GetId(),
		"the pending appointment's note":  pending.GetNote(),
		"the invitation":                  invitation.GetId(),
		"the invited address":             invitation.GetEmail(),
	}
	w.addHours(t, unique)
	for _, reader := range []*salontest.Account{w.customer, w.master} {
		w.secrets["a notification of "+reader.Name] = w.notification(t, reader)
	}
	return w
}

// holdAndRepeat makes a hold and a series of the customer.
func (w *tenant) holdAndRepeat(t *testing.T) {
	t.Helper()
	start := w.system.NextStart().UTC()
	date := start.Format(time.DateOnly)
	found := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, w.system.REST(), w.customer, searchAvailability,
		&appointmentv1.SearchAvailabilityRequest{Segments: filters(w.service), StartDate: date, EndDate: date, Limit: 1})
	w.hold = held(t, w.system.REST(), w.customer, createHold, &appointmentv1.CreateHoldRequest{Quote: found.GetSlots()[0].GetQuote()}).GetId()
	w.series = salontest.Do[*appointmentv1.AppointmentSeries](t, w.system.REST(), w.customer, createSeries,
		&appointmentv1.CreateAppointmentSeriesRequest{
			Segments:   []*appointmentv1.SegmentInput{salontest.Segment(w.master, w.service)},
			Recurrence: "FREQ=WEEKLY;COUNT=1", StartDate: start.AddDate(0, 0, 7).Format(time.DateOnly), LocalTime: "12:00",
		}).GetId()
}

// joinGroupAndWaitlist gives the customer a place in a group session and an entry in the waitlist.
func (w *tenant) joinGroupAndWaitlist(t *testing.T) {
	t.Helper()
	of := class(t, w.system, w.salon.GetId(), w.master)
	w.group = grouped(t, w.system.REST(), w.manager, createGroup, &appointmentv1.CreateGroupSessionRequest{
		ServiceId: of.GetId(), MasterId: w.master.ID, StartTime: timestamp(w.system.NextStart()),
	}).GetId()
	w.place = salontest.Do[*appointmentv1.Appointment](t, w.system.REST(), w.customer,
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
		&appointmentv1.CreateAppointmentRequest{GroupSessionId: &w.group}).GetId()
	date := w.system.NextStart().AddDate(0, 0, 14).Format(time.DateOnly)
	w.entry = salontest.Do[*appointmentv1.WaitlistEntry](t, w.system.REST(), w.customer, createEntry,
		&appointmentv1.CreateWaitlistEntryRequest{Segments: filters(w.service), StartDate: date, EndDate: date}).GetId()
}

// addHours adds an override and time off of the master, which are for staff.
func (w *tenant) addHours(t *testing.T, unique string) {
	t.Helper()
	override := salontest.Do[*appointmentv1.CreateOverrideResponse](t, w.system.REST(), w.manager,
		appointmentv1.ScheduleService_CreateOverride_FullMethodName,
		&appointmentv1.CreateOverrideRequest{MasterId: w.master.ID, StartDate: farDate(), Note: "Late " + unique}).GetOverride()
	off := salontest.Do[*appointmentv1.CreateTimeOffResponse](t, w.system.REST(), w.manager,
		appointmentv1.ScheduleService_CreateTimeOff_FullMethodName, &appointmentv1.CreateTimeOffRequest{
			MasterId: w.master.ID, StartDate: farDate(), Note: "Away " + unique, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_SICK,
		}).GetTimeOff()
	w.secrets["the override"], w.secrets["the override's note"] = override.GetId(), override.GetNote()
	w.secrets["the time off"], w.secrets["the time off's note"] = off.GetId(), off.GetNote()
}

// book books an appointment of somebody with the salon's master.
func (w *tenant) book(t *testing.T, customer *salontest.Account) *appointmentv1.Appointment {
	t.Helper()
	req := salontest.Booking(w.master, w.service, w.system.NextStart())
	req.Note = "Note " + salontest.Unique()
	return salontest.Do[*appointmentv1.Appointment](t, w.system.REST(), customer,
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName, req)
}

// notification waits for the first notification of somebody.
func (w *tenant) notification(t *testing.T, reader *salontest.Account) (id string) {
	t.Helper()
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, w.system.GRPC(), reader,
			notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
		if len(list.GetNotifications()) == 0 {
			return errors.New(reader.Name + " has no notification")
		}
		id = list.GetNotifications()[0].GetId()
		return nil
	})
	return id
}

// formerReceptionist is somebody who was a receptionist of the salon, and has a session from that time.
func (w *tenant) formerReceptionist(t *testing.T) *salontest.Account {
	t.Helper()
	former := w.system.NewReceptionist(t, w.salon.GetId())
	salontest.Do[proto.Message](t, w.system.GRPC(), former, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
		&appointmentv1.GetAppointmentRequest{AppointmentId: w.appointment.GetId()})
	salontest.Do[proto.Message](t, w.system.REST(), w.manager, userv1.MemberService_RemoveMember_FullMethodName,
		&userv1.RemoveMemberRequest{SalonId: w.salon.GetId(), UserId: former.ID})
	return former
}

// candidates are the values of request fields that name rows of the tenants, and texts to search for.
func candidates(tenants []*tenant) map[string][]string {
	ids := map[string][]string{"session_id": {unknownID}, "notification_id": {unknownID}, "erasure_id": {unknownID}}
	add := func(field string, values ...string) { ids[field] = append(ids[field], values...) }
	for _, w := range tenants {
		add("salon_id", w.salon.GetId())
		add("master_id", w.master.ID)
		add("service_id", w.service.GetId())
		add("user_id", w.receptionist.ID, w.customer.ID)
		add("customer_id", w.appointment.GetCustomerId(), w.unregistered.GetId(), w.customer.ID)
		add("appointment_id", w.appointment.GetId())
		add("hold_id", w.hold)
		add("series_id", w.series)
		add("group_session_id", w.group)
		add("entry_id", w.entry)
		add("rating_id", w.rating.GetId())
		add("resource_kind_id", w.resource.GetResourceKindId())
		add("resource_id", w.resource.GetId())
		add("query", w.unregistered.GetDisplayName(), w.customer.Email)
	}
	return ids
}
