package availability

import (
	"reflect"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// fullDay gives the salon limits of a date that are reached.
func fullDay(r *Rules, b *Taken) {
	r.Policy.MaxMasterDay, b.MasterDays = 2, map[string]map[string]int{"mira": {"2027-05-03": 2}}
	r.Policy.MaxCustomerDay, b.CustomerDays = 1, map[string]int{"2027-05-03": 1}
}

// TestExplain gives each reason with what it is about. The salon is open 09:00 to 18:00 UTC, mira works 10:00 to 17:00 and
// needs 10 minutes before and after.
func TestExplain(t *testing.T) {
	block := func(reason Reason, owner Owner) Block { return Block{Reason: reason, Owner: owner, MasterID: "mira"} }
	booked := func(reason Reason, appointment string) Block {
		return Block{Reason: reason, Owner: OwnerMaster, MasterID: "mira", AppointmentID: appointment}
	}
	hour, days := time.Hour, 3
	for _, tt := range []struct {
		name   string
		start  string // on 2027-05-03, when now is 09:00 two days before
		change func(*Rules, *Taken, *Query)
		want   []Block
	}{
		{name: "nothing", start: "12:00"},
		{
			name: "before opening", start: "08:30",
			want: []Block{{Reason: Closed, Owner: OwnerSalon}, block(OutsideHours, OwnerMaster)},
		},
		{name: "before work", start: "09:30", want: []Block{block(OutsideHours, OwnerMaster)}},
		{
			name: "buffers may lie outside of hours", start: "10:00",
			change: func(r *Rules, _ *Taken, _ *Query) {},
		},
		{
			name: "buffers within hours", start: "10:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.BuffersWithinHours = true },
			want:   []Block{block(OutsideHours, OwnerMaster)},
		},
		{
			name: "time off", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) {
				r.Masters["mira"].TimeOff = []Span{span("2027-05-03T12:30Z", "2027-05-03T12:45Z")}
			},
			want: []Block{block(TimeOff, OwnerMaster)},
		},
		{
			name: "closure", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) {
				r.Hours.Dated = []schedule.Dated{{From: date("2027-05-01"), Until: date("2027-05-09")}}
			},
			want: []Block{{Reason: Closed, Owner: OwnerSalon}},
		},
		{
			name: "booked twice, once on purpose", start: "12:00",
			change: func(_ *Rules, b *Taken, _ *Query) {
				*b = *taken("mira", span("2027-05-03T10:00Z", "2027-05-03T14:00Z"), span("2027-05-03T12:10Z", "2027-05-03T12:20Z"))
			},
			want: []Block{booked(Booked, "a"), booked(Booked, "b")},
		},
		{
			name: "booked around", start: "12:00",
			change: func(_ *Rules, b *Taken, _ *Query) {
				*b = *taken("mira", span("2027-05-03T11:00Z", "2027-05-03T11:51Z"), span("2027-05-03T13:09Z", "2027-05-03T14:00Z"))
			},
			want: []Block{booked(Buffer, "a"), booked(Buffer, "b")},
		},
		{
			name: "booked by the appointment that is moved", start: "12:00",
			change: func(_ *Rules, b *Taken, q *Query) {
				*b = *taken("mira", span("2027-05-03T11:00Z", "2027-05-03T14:00Z"))
				q.Moving = "a"
			},
		},
		{
			name: "lead time of the salon", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.LeadTime = 51*hour + time.Minute },
			want:   []Block{{Reason: LeadTime, Owner: OwnerSalon}},
		},
		{
			name: "just enough lead time", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.LeadTime = 51 * hour },
		},
		{
			name: "half a second less than the lead time", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) { r.Policy.LeadTime, q.Now = 51*hour, q.Now.Add(time.Second/2) },
			want:   []Block{{Reason: LeadTime, Owner: OwnerSalon}},
		},
		{
			name: "lead time of the service", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				q.Now = q.Now.Add(50*hour + time.Minute)
				r.Services["cut"].LeadTime = &hour
			},
			want: []Block{{Reason: LeadTime, Owner: OwnerService}},
		},
		{
			name: "staff need the lead time too", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				q.Now, q.Staff = at("2027-05-03T11:59Z"), true
				r.Services["cut"].LeadTime = &hour
			},
			want: []Block{{Reason: LeadTime, Owner: OwnerService}},
		},
		{
			name: "staff who override need no lead time", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				q.Now, q.Staff, q.Override = at("2027-05-03T11:59Z"), true, true
				r.Services["cut"].LeadTime = &hour
			},
		},
		{
			name: "the past, also for staff", start: "12:00",
			change: func(_ *Rules, _ *Taken, q *Query) { q.Now, q.Staff, q.Override = at("2027-05-03T12:00Z"), true, true },
			want:   []Block{{Reason: LeadTime, Owner: OwnerSalon}},
		},
		{
			name: "horizon of the salon", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.HorizonDays = 1 },
			want:   []Block{{Reason: Horizon, Owner: OwnerSalon}},
		},
		{
			name: "the last date of the horizon", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.HorizonDays = 2 },
		},
		{
			name: "the first minute after the horizon", start: "00:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				r.Policy.HorizonDays = 1
				r.Hours, r.Masters["mira"].Hours = schedule.Hours{}, schedule.Hours{}
			},
			want: []Block{{Reason: Horizon, Owner: OwnerSalon}},
		},
		{
			name: "the service reaches farther than the salon", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Policy.HorizonDays, r.Services["cut"].HorizonDays = 1, &days },
		},
		{
			name: "horizon of the service", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				q.Now = q.Now.AddDate(0, 0, -2)
				r.Services["cut"].HorizonDays = &days
			},
			want: []Block{{Reason: Horizon, Owner: OwnerService}},
		},
		{
			name: "farther than anybody books", start: "12:00",
			change: func(_ *Rules, _ *Taken, q *Query) { q.Now, q.Staff = q.Now.AddDate(-1, 0, 0), true },
			want:   []Block{{Reason: Horizon, Owner: OwnerSalon}},
		},
		{
			name: "between two steps", start: "12:05",
			want: []Block{{Reason: Step, Owner: OwnerSalon}},
		},
		{
			name: "between two steps of the service", start: "12:15",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Services["cut"].SlotStep = &hour },
			want:   []Block{{Reason: Step, Owner: OwnerService}},
		},
		{
			name: "staff between two steps", start: "12:05",
			change: func(_ *Rules, _ *Taken, q *Query) { q.Staff = true },
		},
		{
			name: "inactive", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) { r.Services["cut"].Active, q.Staff = false, true },
			want:   []Block{{Reason: Inactive, Owner: OwnerService}},
		},
		{
			name: "not online", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { r.Services["cut"].Online = false },
			want:   []Block{{Reason: NotOnline, Owner: OwnerService}},
		},
		{
			name: "not online, for staff", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) { r.Services["cut"].Online, q.Staff = false, true },
		},
		{
			name: "nobody performs it", start: "12:00",
			change: func(r *Rules, _ *Taken, _ *Query) { delete(r.Masters, "mira") },
			want:   []Block{{Reason: NotPerformed, Owner: OwnerService}},
		},
		{
			name: "the master does not perform it", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				delete(r.Masters["mira"].Offerings, "cut")
				*q = want("cut:mira")
			},
			want: []Block{block(NotPerformed, OwnerMaster)},
		},
		{
			name: "the master takes no bookings", start: "12:00",
			change: func(r *Rules, _ *Taken, q *Query) {
				delete(r.Masters, "mira")
				*q = want("cut:mira")
			},
			want: []Block{block(Inactive, OwnerMaster)},
		},
		{
			name: "a limit of the master", start: "12:00",
			change: func(r *Rules, b *Taken, _ *Query) {
				r.Policy.MaxMasterDay = 2
				b.MasterDays = map[string]map[string]int{"mira": {"2027-05-03": 2}}
			},
			want: []Block{{Reason: CustomerLimit, Owner: OwnerSalon, MasterID: "mira"}},
		},
		{
			name: "a limit of the customer on the date", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) {
				r.Policy.MaxCustomerDay, q.Customer = 1, "anna"
				b.CustomerDays = map[string]int{"2027-05-03": 1}
			},
			want: []Block{{Reason: CustomerLimit, Owner: OwnerSalon}},
		},
		{
			name: "a limit of the customer", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) { r.Policy.MaxOpenAppointments, b.Open, q.Customer = 1, 1, "anna" },
			want:   []Block{{Reason: CustomerLimit, Owner: OwnerSalon, Open: true}},
		},
		{
			name: "a limit of the customer, who moves an appointment", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) {
				r.Policy.MaxOpenAppointments, b.Open, q.Customer, q.Moving = 1, 1, "anna", "a"
			},
		},
		{
			name: "the limit of open appointments, for staff", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) {
				r.Policy.MaxOpenAppointments, b.Open, q.Customer, q.Staff = 1, 1, "anna", true
			},
		},
		{
			name: "limits of a date, for staff", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) {
				fullDay(r, b)
				q.Customer, q.Staff = "anna", true
			},
			want: []Block{
				{Reason: CustomerLimit, Owner: OwnerSalon},
				{Reason: CustomerLimit, Owner: OwnerSalon, MasterID: "mira"},
			},
		},
		{
			name: "limits of a date, overridden", start: "12:00",
			change: func(r *Rules, b *Taken, q *Query) {
				fullDay(r, b)
				q.Customer, q.Staff, q.Override = "anna", true, true
			},
		},
		{
			name: "the customer is busy", start: "12:00",
			change: func(_ *Rules, b *Taken, q *Query) {
				*b = *taken("anna", span("2027-05-03T12:59Z", "2027-05-03T14:00Z"))
				q.Customer = "anna"
			},
			want: []Block{{Reason: CustomerBusy, Owner: OwnerCustomer, AppointmentID: "a"}},
		},
		{
			name: "the customer is busy, and may be", start: "12:00",
			change: func(_ *Rules, b *Taken, q *Query) {
				*b = *taken("anna", span("2027-05-03T12:59Z", "2027-05-03T14:00Z"))
				q.Customer, q.AllowCustomerOverlap = "anna", true
			},
		},
		{
			name: "several", start: "16:35",
			change: func(r *Rules, b *Taken, _ *Query) {
				*b = *taken("mira", span("2027-05-03T12:00Z", "2027-05-03T16:35Z"), span("2027-05-03T17:00Z", "2027-05-03T17:10Z"))
				r.Policy.HorizonDays = 1
			},
			want: []Block{
				{Reason: Horizon, Owner: OwnerSalon}, {Reason: Step, Owner: OwnerSalon}, block(OutsideHours, OwnerMaster),
				booked(Booked, "b"), booked(Buffer, "a"),
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRules(t, "UTC", 60, 15)
			r.Hours = everyDay("09:00-18:00")
			r.perform("mira", "cut", minutes(60, 10, 10))
			r.Masters["mira"].Hours = everyDay("10:00-17:00")
			q, busy := want("cut"), &Taken{}
			q.Now = at("2027-05-01T09:00Z")
			if tt.change != nil {
				tt.change(r, busy, &q)
			}
			start := minute("2027-05-03T" + tt.start + "Z")
			if got := r.Explain(q, busy, start); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
			if _, ok := r.Plan(q, busy, start); ok != (len(tt.want) == 0) {
				t.Errorf("planned: %t", ok)
			}
		})
	}
}
