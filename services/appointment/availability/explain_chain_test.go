package availability

import (
	"reflect"
	"testing"
)

// TestExplainChain reports segments that nobody can do, whatever the others are.
func TestExplainChain(t *testing.T) {
	r := newRules(t, "UTC", 60, 15)
	r.perform("ada", "cut", minutes(30, 0, 0))
	r.perform("ada", "nails", minutes(30, 0, 0))
	r.perform("mira", "colour", minutes(30, 0, 0))
	busy := taken("ada", span("2027-05-03T12:00Z", "2027-05-03T15:00Z"))
	busy.Claims["mira"] = taken("mira", span("2027-05-03T14:00Z", "2027-05-03T15:00Z")).Claims["mira"]
	for _, tt := range []struct {
		start string
		want  []Block
	}{
		// mira cuts until 13:00 and colours until 13:30; ada does the nails.
		{"12:00", []Block{{Reason: Booked, Owner: OwnerMaster, Segment: 2, MasterID: "ada", AppointmentID: "a"}}},
		// mira cuts until 14:00, and is taken then.
		{"13:00", []Block{
			{Reason: Booked, Owner: OwnerMaster, Segment: 1, MasterID: "mira", AppointmentID: "a"},
			{Reason: Booked, Owner: OwnerMaster, Segment: 2, MasterID: "ada", AppointmentID: "a"},
		}},
		{"14:00", []Block{
			{Reason: Booked, Owner: OwnerMaster, Segment: 0, MasterID: "ada", AppointmentID: "a"},
			{Reason: Booked, Owner: OwnerMaster, Segment: 0, MasterID: "mira", AppointmentID: "a"},
		}},
		{"15:00", nil},
	} {
		got := r.Explain(want("cut", "colour", "nails"), busy, minute("2027-05-03T"+tt.start+"Z"))
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v\nwant %+v", tt.start, got, tt.want)
		}
	}
}

// TestExplainBufferInAChain has two ways to the second segment, one of them impossible, and none to the third.
func TestExplainBufferInAChain(t *testing.T) {
	r := newRules(t, "UTC", 30, 15)
	r.perform("ada", "cut", minutes(30, 0, 10))
	r.perform("mira", "colour", minutes(30, 0, 10))
	r.perform("eve", "nails", minutes(30, 0, 0))
	busy := taken("ada", span("2027-05-03T12:35Z", "2027-05-03T13:00Z"))
	busy.Claims["mira"] = taken("mira", span("2027-05-03T13:05Z", "2027-05-03T14:00Z")).Claims["mira"]
	got := r.Explain(want("cut", "colour", "nails"), busy, minute("2027-05-03T12:00Z"))
	expected := []Block{{Reason: Buffer, Owner: OwnerMaster, Segment: 1, MasterID: "mira", AppointmentID: "a"}}
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("%+v\nwant %+v", got, expected)
	}
}
