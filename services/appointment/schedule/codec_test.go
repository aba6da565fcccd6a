package schedule

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

func TestPeriodsAreReadAsWritten(t *testing.T) {
	weekdays := Period{Until: date(t, "2027-06-30")}
	weekdays.Week[1] = day(t, "09:00-12:00", "13:00-24:00")
	summer := Period{From: date(t, "2027-07-01")}
	for _, periods := range [][]Period{{}, {weekdays}, {weekdays, summer}, daily(t, "00:00-24:00").Periods} {
		text, err := encodePeriods(periods)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodePeriods(json.RawMessage(text))
		if err != nil || !slices.EqualFunc(got, periods, Period.equal) {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	text, err := encodePeriods([]Period{weekdays})
	want := `[{"until":"2027-06-30","week":[[],["09:00-12:00","13:00-24:00"],[],[],[],[],[]]}]`
	if err != nil || text != want {
		t.Errorf("written as %s, %v, want %s", text, err, want)
	}
}

func TestDatedHoursAreReadAsWritten(t *testing.T) {
	for _, hours := range []civil.Day{nil, day(t, "09:00-12:00", "13:00-24:00")} {
		text, err := encodeDay(hours)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeDated("2027-03-01", "2027-03-02", json.RawMessage(text))
		if want := (Dated{date(t, "2027-03-01"), date(t, "2027-03-02"), hours}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, text := range []string{
		"", "{}", `[{"from":"2027-02-30","week":[]}]`, `[{"until":"x","week":[]}]`, `[{"week":[["09:00"]]}]`,
		`[{"week":[["17:00-09:00"]]}]`, `[{"week":[["09:00-12:00","11:00-13:00"]]}]`,
	} {
		if got, err := DecodePeriods(json.RawMessage(text)); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	for _, tt := range [][3]string{
		{"", "2027-03-01", "[]"}, {"2027-03-01", "", "[]"}, {"2027-03-01", "2027-03-01", ""}, {"2027-03-01", "2027-03-01", `["25:00-26:00"]`},
	} {
		if got, err := DecodeDated(tt[0], tt[1], json.RawMessage(tt[2])); err == nil {
			t.Errorf("%q is read as %v", tt, got)
		}
	}
}
