package availability

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// busySalon is a salon with 12 masters who perform three services each and are booked for the better part of ten weeks. With
// resources, the second service takes one of 6 chairs, and the last phase one of 2 basins.
func busySalon(b *testing.B, resources bool) (*Rules, *Taken) {
	r := newRules(b, "Europe/Berlin", 45, 15)
	r.Masters, r.Hours, r.Policy = map[string]*Master{}, everyDay("09:00-19:00"), salon.DefaultPolicy()
	colour := &Offering{Phases: []Phase{{Minutes: 30}, {Wait: true, Minutes: 30}, {Minutes: 30}}, BufferAfter: 10}
	t := &Taken{Claims: map[string][]Claim{}}
	if resources {
		for i := range colour.Phases {
			colour.Phases[i].Kinds = []string{"chair"}
		}
		colour.Phases[2].Kinds = []string{"chair", "basin"}
		for kind, n := range map[string]int{"chair": 6, "basin": 2} {
			r.Kinds[kind] = &Kind{ID: kind}
			for i := range n {
				id := fmt.Sprint(kind, i)
				r.Kinds[kind].Units = append(r.Kinds[kind].Units, Unit{ID: id})
				t.Claims[id] = bookings(uint64(i), 240)
			}
		}
	}
	for i := range 12 {
		id := fmt.Sprintf("master%02d", i)
		r.perform(id, "cut", minutes(45, 0, 5))
		r.perform(id, "colour", colour)
		r.perform(id, "nails", minutes(30+15*Minute(i%3), 5, 5))
		r.Masters[id].Hours = everyDay("09:00-12:30 13:00-18:00")
		r.Masters[id].Hours.Dated = []schedule.Dated{{From: date("2027-05-12"), Until: date("2027-05-14")}}
		r.Masters[id].TimeOff = []Span{span("2027-06-01T00:00Z", "2027-06-03T00:00Z")}
		t.Claims[id] = bookings(uint64(i), 100)
	}
	return r, t
}

// bookings are half-full days of a subject from April to July, with pauses of up to some minutes.
func bookings(seed uint64, pause int) []Claim {
	random := rand.New(rand.NewPCG(seed, 1))
	var list []Claim
	for day := minute("2027-04-20T07:00Z"); day < minute("2027-07-20T00:00Z"); day += 24 * 60 {
		for m := day + Minute(random.IntN(pause)); m < day+9*60; m += Minute(random.IntN(pause)) {
			length := Minute(30 + 15*random.IntN(4))
			list = append(list, Claim{Span: Span{m, m + length}, AppointmentID: fmt.Sprint(len(list))})
			m += length
		}
	}
	return list
}

func benchmarkSearch(b *testing.B, resources bool, q Query, days int, firstPerDay bool) {
	r, t := busySalon(b, resources)
	q.Now = at("2027-05-03T08:00Z")
	in := Range{First: date("2027-05-03"), Last: date("2027-05-03").AddDays(days - 1), Limit: 10000, FirstPerDay: firstPerDay}
	b.ReportAllocs()
	found := 0
	for b.Loop() {
		found = len(r.Search(q, t, in).Slots)
	}
	b.ReportMetric(float64(found), "slots")
}

func BenchmarkOneMaster14Days(b *testing.B) {
	benchmarkSearch(b, false, want("cut:master03"), 14, false)
}
func BenchmarkAnyMaster14Days(b *testing.B) { benchmarkSearch(b, false, want("cut"), 14, false) }
func BenchmarkAnyMasterFirstOf62Days(b *testing.B) {
	benchmarkSearch(b, false, want("cut"), 62, true)
}
func BenchmarkChainOf3Any7Days(b *testing.B) {
	benchmarkSearch(b, false, want("cut", "colour", "nails"), 7, false)
}
func BenchmarkChainOf3WithResources7Days(b *testing.B) {
	benchmarkSearch(b, true, want("cut", "colour", "nails"), 7, false)
}
func BenchmarkChainOf3FirstOf62Days(b *testing.B) {
	benchmarkSearch(b, false, want("cut", "colour", "nails"), 62, true)
}

func BenchmarkNothingIn62Days(b *testing.B) {
	r, t := busySalon(b, false)
	r.perform("master03", "cut", minutes(720, 0, 0))
	in := Range{First: date("2027-05-03"), Last: date("2027-07-03"), Limit: 20}
	q := want("cut:master03")
	q.Now = at("2027-05-03T08:00Z")
	for b.Loop() {
		if got := r.Search(q, t, in); len(got.Slots) > 0 || len(got.Reasons) == 0 {
			b.Fatal(got)
		}
	}
}

func BenchmarkPlanOne(b *testing.B) { benchmarkPlan(b, want("cut:master03")) }
func BenchmarkPlanAny(b *testing.B) { benchmarkPlan(b, want("cut")) }

func benchmarkPlan(b *testing.B, q Query) {
	r, t := busySalon(b, false)
	q.Now = at("2027-05-03T08:00Z")
	start := r.Search(q, t, Range{First: date("2027-05-05"), Last: date("2027-05-15"), Limit: 1}).Slots[0].From
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.Plan(q, t, start); !ok {
			b.Fatal("no plan")
		}
	}
}

func BenchmarkExplainAny(b *testing.B) {
	r, t := busySalon(b, false)
	q := want("cut")
	q.Now = at("2027-05-03T08:00Z")
	start := MinuteOf(at("2027-05-05T16:00Z").Add(15 * time.Minute))
	b.ReportAllocs()
	for b.Loop() {
		if len(r.Explain(q, t, start)) == 0 {
			b.Fatal("no reason")
		}
	}
}
