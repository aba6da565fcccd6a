package availability

import (
	"slices"
	"testing"
)

// TestTimeOffAfterAMove: time off of dates and of instants is one list, also where a new zone puts the dates earlier.
func TestTimeOffAfterAMove(t *testing.T) {
	row := rulesRow{
		TimeZone: "Asia/Tokyo", Weekly: "[]", Dated: "[]", Kinds: "[]", Services: "[]", Offerings: "[]",
		Masters: `[{"id": "mira", "name": "Mira"}]`,
		Off: `[{"subject": "mira", "start": "2027-05-10T02:00:00Z", "end": "2027-05-10T03:00:00Z"},
			{"subject": "mira", "start": "2027-05-10T04:00:00Z", "end": "2027-05-11T04:00:00Z", "from": "2027-05-10", "until": "2027-05-10"}]`,
	}
	r, err := row.rules("salon")
	if err != nil {
		t.Fatal(err)
	}
	want := []Span{span("2027-05-09T15:00Z", "2027-05-10T15:00Z")}
	if got := r.Masters["mira"].TimeOff; !slices.Equal(got, want) {
		t.Errorf("away during %v, want %v", got, want)
	}
}
