package booking

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// adjust is a request to end an appointment at another time.
func adjust(a *appointmentv1.Appointment, end time.Time) *appointmentv1.AdjustAppointmentRequest {
	return &appointmentv1.AdjustAppointmentRequest{AppointmentId: a.GetId(), EndTime: timestamp(end)}
}

func (f *fixture) mustAdjust(who auth.Principal, req *appointmentv1.AdjustAppointmentRequest) *appointmentv1.AdjustAppointmentResponse {
	f.t.Helper()
	got, err := f.desk.AdjustAppointment(f.As(who), req)
	if err != nil {
		f.t.Fatalf("adjust: %v", err)
	}
	return got
}

// at books a cut for somebody new with a master.
func (f *fixture) at(start time.Time, master auth.Principal) *appointmentv1.Appointment {
	f.t.Helper()
	req := byMaster(start, f.cut, master)
	req.CustomerId = new(f.newCustomer("Ida").GetId())
	return f.create(f.receptionist, req)
}

// wantSpan checks when an appointment is.
func (f *fixture) wantSpan(id string, start, end time.Time) {
	f.t.Helper()
	a := f.get(f.manager, id)
	if !a.GetStartTime().AsTime().Equal(start) || !a.GetEndTime().AsTime().Equal(end) {
		f.t.Errorf("%s is from %s to %s, want %s to %s", id, a.GetStartTime().AsTime(), a.GetEndTime().AsTime(), start, end)
	}
}

// collisionsOf are the ids in the detail of an error.
func collisionsOf(err error) []string {
	var ids []string
	for _, detail := range status.Convert(err).Details() {
		if m, ok := detail.(*appointmentv1.AdjustmentCollisions); ok {
			for _, f := range m.GetFollowing() {
				ids = append(ids, f.GetAppointmentId())
			}
		}
	}
	return ids
}

// TestAdjust: an appointment becomes shorter and longer, its time is free and taken, and its history says so.
func TestAdjust(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, f.cut, f.mira))
	half, later := start.Add(30*time.Minute), start.Add(90*time.Minute)
	req := adjust(a, half)
	req.Etag, req.Reason = a.GetEtag(), "She has to leave."
	got := f.mustAdjust(f.mira, req)
	f.wantSpan(a.GetId(), start, half)
	wantMessage(t, got.GetAppointment(), f.get(f.mira, a.GetId()))
	if s := got.GetAppointment().GetSegments()[0]; !s.GetEndTime().AsTime().Equal(half) || s.GetPhases()[0].GetDurationMinutes() != 30 ||
		got.GetAppointment().GetTotalPrice().GetAmountMinor() != a.GetTotalPrice().GetAmountMinor() {
		t.Errorf("the segment is %v", s)
	}
	wantMessage(t, f.mustAdjust(f.mira, req).GetAppointment(), got.GetAppointment()) // repeated, with the old etag
	other := f.at(half, f.mira)
	if _, err := f.cancel(f.mira, other.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	f.mustAdjust(f.receptionist, adjust(a, later))
	f.wantSpan(a.GetId(), start, later)
	_, err := f.appointments.CreateAppointment(f.As(f.ann), byMaster(later.Add(-15*time.Minute), f.cut, f.mira))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
	h := f.history(f.mira, a.GetId())
	if h := h[1]; h.GetAction() != appointmentv1.AppointmentAction_APPOINTMENT_ACTION_ADJUSTED || h.GetReason() != "She has to leave." ||
		!h.GetEndBefore().AsTime().Equal(start.Add(hour)) || !h.GetEndAfter().AsTime().Equal(half) {
		t.Errorf("the history has %v", h)
	}
	// Also one that has begun.
	f.Clock.Set(start.Add(20 * time.Minute))
	f.mustAdjust(f.mira, adjust(a, start.Add(45*time.Minute)))
	wantClaims(t, f.db)
}

// TestAdjustCollides: a longer appointment does not push others aside unless it is told to; the preview says what it would.
func TestAdjustCollides(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	a, b := f.at(start, f.mira), f.at(start.Add(hour), f.mira)
	c, far := f.at(start.Add(2*hour), f.mira), f.at(start.Add(5*hour), f.mira)
	end := start.Add(80 * time.Minute)
	_, err := f.desk.AdjustAppointment(f.As(f.mira), adjust(a, end))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "end_time")
	if got := collisionsOf(err); !slices.Equal(got, []string{b.GetId()}) {
		t.Errorf("collides with %v, want %s", got, b.GetId())
	}
	req := adjust(a, end)
	req.ValidateOnly = true
	preview := f.mustAdjust(f.mira, req)
	if list := preview.GetFollowing(); len(list) != 1 || list[0].GetAppointmentId() != b.GetId() || list[0].GetNewStartTime() != nil ||
		!preview.GetAppointment().GetEndTime().AsTime().Equal(end) {
		t.Errorf("the preview is %v", preview)
	}
	req.MoveFollowing = true
	preview = f.mustAdjust(f.mira, req)
	f.wantSpan(a.GetId(), start, start.Add(hour))
	f.wantSpan(b.GetId(), start.Add(hour), start.Add(2*hour))
	req.ValidateOnly = false
	req.Etag = preview.GetAppointment().GetEtag()
	moved := f.mustAdjust(f.mira, req)
	for _, got := range []*appointmentv1.AdjustAppointmentResponse{preview, moved} {
		list := got.GetFollowing()
		if len(list) != 2 || list[0].GetAppointmentId() != b.GetId() || list[1].GetAppointmentId() != c.GetId() ||
			!list[0].GetStartTime().AsTime().Equal(start.Add(hour)) || !list[0].GetNewStartTime().AsTime().Equal(end) ||
			!list[1].GetNewEndTime().AsTime().Equal(end.Add(2*hour)) {
			t.Errorf("what follows is %v", list)
		}
	}
	f.wantSpan(a.GetId(), start, end)
	f.wantSpan(b.GetId(), end, end.Add(hour))
	f.wantSpan(c.GetId(), end.Add(hour), end.Add(2*hour))
	f.wantSpan(far.GetId(), start.Add(5*hour), start.Add(6*hour))
	for _, m := range []*appointmentv1.Appointment{b, c} {
		h := f.history(f.mira, m.GetId())
		if last := h[len(h)-1]; len(h) != 2 || last.GetAction() != appointmentv1.AppointmentAction_APPOINTMENT_ACTION_RESCHEDULED {
			t.Errorf("the history of what was moved is %v", h)
		}
	}
	if n := count(t, f.db, "outbox WHERE type IN ('appointment.adjusted', 'appointment.rescheduled')"); n != 3 {
		t.Errorf("%d events", n)
	}
	wantClaims(t, f.db)
}

// TestAdjustWithinRules: neither the appointment nor what follows goes past closing time, unless with an override, and nothing else
// changes when one of them cannot be moved.
func TestAdjustWithinRules(t *testing.T) {
	f := newFixture(t)
	f.openDaily("09:00", "18:00")
	start := f.noon(2).Add(4 * hour)
	a, b := f.at(start, f.mira), f.at(start.Add(hour), f.mira)
	req := adjust(a, start.Add(70*time.Minute))
	req.MoveFollowing = true
	_, err := f.desk.AdjustAppointment(f.As(f.manager), req)
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "move_following")
	if got := collisionsOf(err); !slices.Equal(got, []string{b.GetId()}) {
		t.Errorf("in the way are %v", got)
	}
	_, err = f.desk.AdjustAppointment(f.As(f.manager), adjust(b, start.Add(3*hour)))
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "end_time")
	f.wantSpan(a.GetId(), start, start.Add(hour))
	f.wantSpan(b.GetId(), start.Add(hour), start.Add(2*hour))
	req.Override = &appointmentv1.RuleOverride{Reason: "We stay."}
	f.mustAdjust(f.manager, req)
	f.wantSpan(b.GetId(), start.Add(70*time.Minute), start.Add(130*time.Minute))
	if h := f.history(f.manager, b.GetId()); h[1].GetReason() != "We stay." {
		t.Errorf("the history has %v", h[1])
	}
	wantClaims(t, f.db)
}

// TestAdjustMovesMasters: what follows may have other masters too, and what follows them moves as well. A master does not move
// appointments of others.
func TestAdjustMovesMasters(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	f.offer(nora, f.cut)
	start := f.noon(2)
	a := f.at(start, f.mira)
	both := byMaster(start.Add(hour), f.cut, f.mira)
	both.Segments = append(both.Segments, &appointmentv1.SegmentInput{ServiceId: f.cut.GetId(), MasterId: &nora.UserID})
	both.CustomerId = new(f.newCustomer("Otto").GetId())
	chain := f.create(f.receptionist, both)
	hers := f.at(start.Add(3*hour), nora)
	req := adjust(a, start.Add(90*time.Minute))
	req.MoveFollowing = true
	_, err := f.desk.AdjustAppointment(f.As(f.mira), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "move_following")
	f.wantSpan(a.GetId(), start, start.Add(hour))
	f.mustAdjust(f.receptionist, req)
	f.wantSpan(chain.GetId(), start.Add(90*time.Minute), start.Add(210*time.Minute))
	f.wantSpan(hers.GetId(), start.Add(210*time.Minute), start.Add(270*time.Minute))
	wantClaims(t, f.db)
}

// TestAdjustWithPhases: buffers and resources go with the end; what else needs the resource is in the way and does not move.
func TestAdjustWithPhases(t *testing.T) {
	f := newFixture(t)
	chair, nora := f.newResources("Chair", 1), f.staff(first.ID, roleMaster)
	colour := f.newPhased("Colour", phase(workPhase, 20, chair), phase(waitPhase, 30), phase(workPhase, 20, chair))
	f.offer(f.mira, colour)
	f.offer(nora, colour)
	_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: colour.GetId(), BufferAfterMinutes: new(int32(10))})
	if err != nil {
		t.Fatal(err)
	}
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, colour, f.mira))
	req := byMaster(start.Add(90*time.Minute), colour, nora)
	req.CustomerId = new(f.newCustomer("Ida").GetId())
	other := f.create(f.receptionist, req)
	for _, end := range []time.Time{start.Add(50 * time.Minute), start.Add(20 * time.Minute), start.Add(70 * time.Minute).Add(time.Second), start.Add(721 * time.Minute)} {
		_, err := f.desk.AdjustAppointment(f.As(f.manager), adjust(a, end))
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "end_time")
	}
	f.mustAdjust(f.manager, adjust(a, start.Add(80*time.Minute))) // the buffer ends when the other one begins
	if n := count(t, f.db, "claims WHERE appointment_id = ? AND subject_kind <> 'CUSTOMER' AND upper(during) = ?", a.GetId(), start.Add(90*time.Minute)); n != 2 {
		t.Errorf("%d claims end after the buffer", n)
	}
	for _, moving := range []bool{false, true} {
		req := adjust(a, start.Add(81*time.Minute))
		req.MoveFollowing = moving
		_, err := f.desk.AdjustAppointment(f.As(f.manager), req)
		wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "end_time")
		if got := collisionsOf(err); !slices.Equal(got, []string{other.GetId()}) {
			t.Errorf("in the way are %v", got)
		}
		_, err = f.desk.AdjustAppointment(f.As(f.mira), req)
		if got := collisionsOf(err); status.Code(err) != codes.AlreadyExists || len(got) != 0 {
			t.Errorf("a master learns of others' appointments: %v, %v", got, err)
		}
	}
	f.mustAdjust(f.manager, adjust(a, start.Add(51*time.Minute)))
	wantClaims(t, f.db)
}

// TestAdjustInLongerBuffer: a master needs a while after an earlier segment, which ends after the last one: that time stays taken, and what
// the last segment needs beyond it is taken too.
func TestAdjustInLongerBuffer(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	peel, brows, rinse := f.newPhased("Peel", phase(workPhase, 10)), f.newPhased("Brows", phase(workPhase, 10)), f.newPhased("Rinse", phase(workPhase, 10))
	f.offer(f.mira, peel)
	f.offer(nora, brows)
	f.offer(f.mira, rinse)
	_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: peel.GetId(), BufferAfterMinutes: new(int32(45))})
	if err != nil {
		t.Fatal(err)
	}
	start := f.noon(2)
	req := byMaster(start, peel, f.mira)
	req.Segments = append(req.Segments, byMaster(start, brows, nora).GetSegments()[0], byMaster(start, rinse, f.mira).GetSegments()[0])
	a := f.create(f.ann, req)
	for _, step := range []struct{ end, taken int }{{60, 60}, {40, 55}, {55, 55}, {25, 55}, {30, 55}} {
		f.mustAdjust(f.manager, adjust(a, start.Add(time.Duration(step.end)*time.Minute)))
		until := start.Add(time.Duration(step.taken) * time.Minute)
		if n := count(t, f.db, "claims WHERE appointment_id = ? AND subject_id = ? AND upper(during) = ?", a.GetId(), f.mira.UserID, until); n != 1 {
			t.Errorf("with an end after %d minutes, %d claims of the master end after %d", step.end, n, step.taken)
		}
		wantClaims(t, f.db)
	}
	other := f.at(start.Add(55*time.Minute), f.mira)
	_, err = f.desk.AdjustAppointment(f.As(f.manager), adjust(a, start.Add(56*time.Minute)))
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "end_time")
	if got := collisionsOf(err); !slices.Equal(got, []string{other.GetId()}) {
		t.Errorf("in the way are %v", got)
	}
}

// TestAdjustKeepsResources: a basin has to be cleaned for a while after an earlier service, until the last one is over. It stays taken until then,
// also when the last service needs it again, and no longer where only an earlier phase of the last service does.
func TestAdjustKeepsResources(t *testing.T) {
	for name, tt := range map[string]struct {
		more  []*appointmentv1.Phase // of the last service, after one with the basin
		steps [][2]int               // the end, and until when the basin is taken, in minutes after the start
	}{
		"needed by the last phase":   {nil, [][2]int{{35, 55}, {25, 55}, {60, 60}, {30, 60}}},
		"needed by an earlier phase": {[]*appointmentv1.Phase{phase(workPhase, 20)}, [][2]int{{70, 55}, {40, 55}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			basin := f.newResources("Basin", 1)
			peel := f.newPhased("Peel", phase(workPhase, 10, basin), phase(workPhase, 10))
			rinse := f.newPhased("Rinse", append([]*appointmentv1.Phase{phase(workPhase, 10, basin)}, tt.more...)...)
			f.offer(f.mira, peel)
			f.offer(f.mira, rinse)
			_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: peel.GetId(), BufferAfterMinutes: new(int32(45))})
			if err != nil {
				t.Fatal(err)
			}
			start := f.noon(2)
			req := byMaster(start, peel, f.mira)
			req.Segments = append(req.Segments, byMaster(start, rinse, f.mira).GetSegments()[0])
			a := f.create(f.ann, req)
			for _, step := range tt.steps {
				f.mustAdjust(f.manager, adjust(a, start.Add(time.Duration(step[0])*time.Minute)))
				until := start.Add(time.Duration(step[1]) * time.Minute)
				if n := count(t, f.db, "claims WHERE appointment_id = ? AND subject_kind = 'RESOURCE' AND upper(during) = ?", a.GetId(), until); n != 1 {
					t.Errorf("with an end after %d minutes, %d claims of the basin end after %d", step[0], n, step[1])
				}
				wantClaims(t, f.db)
			}
		})
	}
}

// TestAdjustBesideOverbooking: what is overbooked already stays beside it, and more than that collides.
func TestAdjustBesideOverbooking(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	a := f.at(start, f.mira)
	over := f.create(f.receptionist, f.overbooked(start.Add(30*time.Minute)))
	next := f.at(start.Add(2*hour), f.mira)
	f.mustAdjust(f.mira, adjust(a, start.Add(80*time.Minute)))
	f.mustAdjust(f.mira, adjust(over, start.Add(100*time.Minute)))
	req := adjust(a, start.Add(130*time.Minute))
	req.MoveFollowing = true
	f.mustAdjust(f.mira, req)
	f.wantSpan(over.GetId(), start.Add(30*time.Minute), start.Add(100*time.Minute))
	f.wantSpan(next.GetId(), start.Add(130*time.Minute), start.Add(190*time.Minute))
	if !f.get(f.mira, over.GetId()).GetOverbooked() {
		t.Error("not overbooked any more")
	}
	wantClaims(t, f.db)
}

func TestAdjustIsRefused(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	a := f.create(f.ann, byMaster(start, f.cut, f.mira))
	end := start.Add(30 * time.Minute)
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.AdjustAppointmentRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"its customer", f.ann, adjust(a, end), codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"staff of another salon", f.staff(newSalon(t, f.db).ID, roleManager), adjust(a, end), codes.NotFound, "NOT_FOUND", ""},
		{"another master", f.staff(first.ID, roleMaster), adjust(a, end), codes.NotFound, "NOT_FOUND", ""},
		{"no end", f.mira, &appointmentv1.AdjustAppointmentRequest{AppointmentId: a.GetId()}, codes.InvalidArgument, "INVALID_FIELDS", "end_time"},
		{"at its start", f.mira, adjust(a, start), codes.InvalidArgument, "INVALID_FIELDS", "end_time"},
		{"an older etag", f.mira, &appointmentv1.AdjustAppointmentRequest{AppointmentId: a.GetId(), EndTime: timestamp(end), Etag: "9"}, codes.Aborted, "ETAG_MISMATCH", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.desk.AdjustAppointment(f.As(tt.as), tt.req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if _, err := f.cancel(f.mira, a.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	_, err := f.desk.AdjustAppointment(f.As(f.mira), adjust(a, end))
	wantError(t, err, codes.FailedPrecondition, "ILLEGAL_STATE", "")
}

// TestAdjustAgainstBookings: while appointments are lengthened and what follows moves, customers book; nothing is taken twice.
func TestAdjustAgainstBookings(t *testing.T) {
	f := newFixture(t)
	customers := []auth.Principal{f.ann, f.SignIn(f.ann.Role), f.SignIn(f.ann.Role)}
	for round := range 5 {
		start := f.noon(2 + round)
		a := f.at(start, f.mira)
		f.at(start.Add(hour), f.mira)
		var group sync.WaitGroup
		for i, who := range customers {
			group.Go(func() {
				_, err := f.appointments.CreateAppointment(f.As(who), byMaster(start.Add(time.Duration(i+2)*hour), f.cut, f.mira))
				if code := status.Code(err); code != codes.OK && code != codes.AlreadyExists {
					t.Errorf("book: %v", err)
				}
			})
		}
		for i := range 2 {
			group.Go(func() {
				req := adjust(a, start.Add(time.Duration(70+10*i)*time.Minute))
				req.MoveFollowing = true
				if _, err := f.desk.AdjustAppointment(f.As(f.receptionist), req); err != nil && status.Code(err) != codes.Aborted {
					t.Errorf("adjust: %v", err)
				}
			})
		}
		group.Wait()
	}
	wantClaims(t, f.db)
}
