package waitlist

import (
	"context"
	"errors"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// another is another salon with a master and a service of an hour.
func (f *fixture) another() (auth.Principal, *appointmentv1.Service) {
	f.t.Helper()
	salon := ok(f, f.salons.CreateSalon, f.admin, &appointmentv1.CreateSalonRequest{Name: "Other", Slug: "other", TimeZone: "UTC", CurrencyCode: "EUR"})
	master := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salon.GetId(), apiv1.SalonRole_SALON_ROLE_MASTER))
	catalogue := appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment"))
	made := ok(f, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(salon.GetId()), Name: "Cut", Category: "Hair", DurationMinutes: new(int32(60)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(4500))},
	})
	ok(f, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: made.GetId()})
	return master, made
}

// crowd lets as many others wait before the entry as there are, for what it waits for.
func (f *fixture) crowd(e *appointmentv1.WaitlistEntry, n int) {
	f.t.Helper()
	f.exec(`INSERT INTO waitlist_entries (salon_id, id, customer_id, state, wish, start_date, end_date, turn, fresh, version, create_time, update_time)
		SELECT salon_id, gen_random_uuid(), customer_id, state, wish, start_date, end_date, turn, false, 1, create_time, update_time
		FROM waitlist_entries, generate_series(1, ?) WHERE id = ?`, n, e.GetId())
}

// TestLongLine: one freed time reaches the last of many whom it fits, and nobody else gets it before, however long it takes. Another salon is
// served meanwhile. No session waits within a transaction.
func TestLongLine(t *testing.T) {
	f := newFixture(t)
	freed, other := f.book(f.dora, f.mira, 6), f.book(f.dora, f.zoe, 7)
	f.book(f.cas, f.zoe, 6)
	byZoe := f.wants(6, func(r *joinReq) { r.Segments[0].MasterIds = []string{f.zoe.UserID} })
	f.crowd(f.join(f.ann, byZoe), 400)
	last := f.join(f.ben, f.wants(6))

	master, service := f.another()
	elsewhere := func(r *joinReq) {
		r.Segments[0] = &appointmentv1.SegmentFilter{ServiceId: service.GetId(), MasterIds: []string{master.UserID}}
	}
	taken := ok(f, f.appointments.CreateAppointment, f.cas, &appointmentv1.CreateAppointmentRequest{
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: service.GetId(), MasterId: new(master.UserID)}},
		StartTime: timestamppb.New(noon(6)),
	})
	second := f.join(f.ann, f.wants(6, elsewhere))
	f.wantState("WW", last, second)

	f.cancel(freed)
	f.exec("UPDATE claims SET expire_time = clock_timestamp() + interval '4 seconds' WHERE kept")
	state := func(want string) func() bool {
		return func() bool {
			return f.entry(last).GetState().String()[len(statePrefix):][:1]+f.entry(second).GetState().String()[len(statePrefix):][:1] == want
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	// While somebody has the lock of the master, the pass waits before the last offer.
	err := f.db.InTx(ctx, func(tx *postgres.DB) error {
		if err := claims.Lock(ctx, tx, f.mira.UserID); err != nil {
			return err
		}
		running.Go(func() { f.waitlist.Run(ctx) })
		f.eventually("the pass waits", func() bool { return f.count("pg_stat_activity WHERE wait_event = 'advisory'") > 0 })
		if n := f.count("pg_stat_activity WHERE state = 'idle in transaction'"); n > 1 { // this one
			t.Errorf("%d sessions wait in transactions", n)
		}
		f.cancel(taken)
		f.eventually("the other salon is served", state("WO"))
		f.eventually("what was freed is kept for longer", func() bool {
			return f.count("claims WHERE kept AND expire_time > clock_timestamp() + interval '20 seconds'") > 0
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	refused(f, f.appointments.CreateAppointment, f.dora, &appointmentv1.CreateAppointmentRequest{
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
		StartTime: timestamppb.New(noon(6)),
	}, "SLOT_UNAVAILABLE", "start_time")
	f.eventually("the last is reached", state("OO"))
	f.eventually("nothing is kept", func() bool { return f.count("freed_times") == 0 })
	f.wantNothingKept()
	f.cancel(other)
}

// TestLostLine: a worker that was paused, and whose line another worker has gone through meanwhile, changes nothing any more.
func TestLostLine(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	e := f.join(f.ann, f.wants(6))
	f.cancel(a)
	paused, err := f.waitlist.store.TakeLine(t.Context(), id.FirstSalon)
	if err != nil || paused == nil {
		t.Fatalf("took %v, %v", paused, err)
	}
	f.work() // nobody else has it meanwhile
	f.wantState("W", e)
	f.exec("UPDATE waitlist_lines SET worker_until = clock_timestamp()")
	next, err := f.waitlist.store.TakeLine(t.Context(), id.FirstSalon)
	if err != nil || next == nil {
		t.Fatalf("took %v, %v", next, err)
	}
	if err := f.waitlist.goThrough(t.Context(), paused); !errors.Is(err, errLineLost) {
		t.Errorf("the paused worker goes on: %v", err)
	}
	if err := f.waitlist.store.EndLine(t.Context(), paused, nil, nil, noon(4)); !errors.Is(err, errLineLost) {
		t.Errorf("the paused worker ends the line: %v", err)
	}
	if err := f.waitlist.store.ExtendLine(t.Context(), paused); !errors.Is(err, errLineLost) {
		t.Errorf("the paused worker keeps the line: %v", err)
	}
	f.wantState("W", e)
	if err := f.waitlist.goThrough(t.Context(), next); err != nil {
		t.Error(err)
	}
	f.wantState("O", e)
	f.wantNothingKept()
}

// TestFailingEntry: what goes wrong with one entry holds up the others only for a while.
func TestFailingEntry(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	bad, e := f.join(f.ann, f.wants(6)), f.join(f.ben, f.wants(6))
	f.exec("UPDATE waitlist_entries SET wish = jsonb_set(wish, '{startDate}', '\"never\"') WHERE id = ?", bad.GetId())
	f.cancel(a)
	for n := range maxFailures {
		err := f.waitlist.Work(t.Context())
		if last := n == maxFailures-1; last != (err == nil) {
			t.Errorf("pass %d: %v", n, err)
		}
		f.exec("UPDATE waitlist_lines SET worker_until = clock_timestamp()")
	}
	if got := f.entry(e).GetState(); got != appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED {
		t.Errorf("the next one is %v", got)
	}
}

// TestDueLines: freed times come before joined entries, and those before the rest; a line that was left is left alone for a while.
func TestDueLines(t *testing.T) {
	f := newFixture(t)
	due := func() (list []Urgency) {
		lines, err := f.waitlist.store.DueLines(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			list = append(list, l.Urgency)
		}
		return list
	}
	a := f.book(f.dora, f.mira, 6)
	f.join(f.ann, f.wants(6))
	master, service := f.another()
	f.join(f.ann, f.wants(6, func(r *joinReq) {
		r.Segments[0] = &appointmentv1.SegmentFilter{ServiceId: service.GetId(), MasterIds: []string{master.UserID}}
		r.PartOfDay = &appointmentv1.WallInterval{Start: "12:05", End: "12:10"}
	}))
	f.exec("UPDATE waitlist_lines SET check_time = check_time - interval '11 minutes'")
	if got := due(); len(got) != 2 || got[0] != Routine || got[1] != Routine {
		t.Errorf("due are %v", got)
	}
	f.cancel(a)
	if got := due(); len(got) != 2 || got[0] != Freed || got[1] != Routine {
		t.Errorf("after a cancellation: %v", got)
	}
	l, err := f.waitlist.store.TakeLine(t.Context(), id.FirstSalon)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := due(); len(got) != 1 || got[0] != Routine {
			t.Errorf("while one is gone through, and after it was left: %v", got)
		}
		if err := f.waitlist.store.LeaveLine(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFullLine: a salon has a thousand entries that wait at most.
func TestFullLine(t *testing.T) {
	f := newFixture(t)
	f.book(f.dora, f.mira, 6)
	f.crowd(f.join(f.ann, f.wants(6)), maxLine-2)
	ok(f, f.entries.CreateWaitlistEntry, f.ben, f.wants(6))
	refused(f, f.entries.CreateWaitlistEntry, f.cas, f.wants(6), "TOO_MANY_WAITLIST_ENTRIES", "")
}
