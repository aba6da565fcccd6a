package events

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

func TestNewEvent(t *testing.T) {
	t.Parallel()
	id := newID(t)
	at := time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.FixedZone("", 3600))
	e, err := NewEvent("rating.created", id, 3, at, &ratingv1.RatingEvent{RatingId: id, Stars: 5})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC); !e.Time.Equal(want) || e.Time.Location() != time.UTC {
		t.Errorf("time %v, want %v", e.Time, want)
	}
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil || body.GetRatingId() != id || body.GetStars() != 5 {
		t.Errorf("decoded %v, %v", &body, err)
	}
	for _, bad := range []struct {
		typ, aggregate string
		version        int64
	}{{"rating", id, 1}, {"Rating.Created", id, 1}, {"rating.>", id, 1}, {"rating.created", "", 1}, {"rating.created", id, 0}} {
		if _, err := NewEvent(bad.typ, bad.aggregate, bad.version, at, &body); err == nil {
			t.Errorf("%+v is an event", bad)
		}
	}
}

// Publishers are updated before or after their consumers.
func TestDecodeToleratesNewerSenders(t *testing.T) {
	t.Parallel()
	e := Event{Type: "appointment.created", Body: []byte(`{"appointmentId":"a","invented":{"x":1},"state":"APPOINTMENT_STATE_INVENTED"}`)}
	var body appointmentv1.AppointmentEvent
	if err := e.Decode(&body); err != nil || body.GetAppointmentId() != "a" {
		t.Errorf("decoded %v, %v", &body, err)
	}
	e.Body = []byte(`{"appointmentId":1}`)
	if err := e.Decode(&body); !errors.Is(err, errUndecodable) {
		t.Errorf("another type: %v", err)
	}
}

func TestMessageRoundTrip(t *testing.T) {
	t.Parallel()
	want := newEvent(t, newID(t), 42)
	m := want.message("appointments", "00-0102-03-01", 0)
	got, err := parse(m.Subject, m.Header, m.Data)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != want.ID || got.Type != want.Type || got.AggregateID != want.AggregateID ||
		got.AggregateVersion != 42 || !got.Time.Equal(want.Time) || string(got.Body) != string(want.Body) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	for header, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": want.ID, "ce-type": "appointment.created", "ce-source": "/salon/appointments",
		"ce-subject": want.AggregateID, "ce-aggregateversion": "42", "content-type": "application/json",
		"Nats-Msg-Id": want.ID, "traceparent": "00-0102-03-01",
	} {
		if m.Header.Get(header) != value {
			t.Errorf("header %s is %q, want %q", header, m.Header.Get(header), value)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(nats.Header){
		"other version of CloudEvents": func(h nats.Header) { h.Set(headerSpecVersion, "0.3") },
		"other type":                   func(h nats.Header) { h.Set(headerType, "user.created") },
		"no time":                      func(h nats.Header) { h.Del(headerTime) },
		"no aggregate version":         func(h nats.Header) { h.Del(headerAggregateVersion) },
	} {
		m := newEvent(t, newID(t), 1).message("tests", "", 0)
		change(m.Header)
		if _, err := parse(m.Subject, m.Header, m.Data); !errors.Is(err, errUndecodable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorTextFitsIntoTheDatabase(t *testing.T) {
	t.Parallel()
	long := make([]rune, maxErrorText)
	for i := range long {
		long[i] = 'ё'
	}
	for in, want := range map[string]int{"a\x00b": 2, "a\xffb": 5, string(long): maxErrorText} {
		if got := errorText(errors.New(in)); len(got) != want {
			t.Errorf("%d bytes, want %d", len(got), want)
		}
	}
}
