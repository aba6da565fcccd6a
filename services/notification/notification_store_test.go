package notification

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// unstored is a notification of a recipient that is not stored yet.
func unstored(recipient string, at time.Time) Notification {
	n := appointmentNotice(notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED)
	n.RecipientID, n.SalonID, n.AppointmentID, n.CustomerID = recipient, id.New(), id.New(), id.New()
	n.MasterIDs, n.ServiceIDs = []string{id.New(), id.New()}, []string{id.New()}
	return Notification{Notice: n, ID: id.New(), EventID: id.New(), CreateTime: at}
}

func equal(a, b []Notification) bool {
	return slices.EqualFunc(a, b, func(x, y Notification) bool { return reflect.DeepEqual(x, y) })
}

func add(t *testing.T, s *Store, ns ...Notification) {
	t.Helper()
	if err := s.InsertNotifications(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, s *Store, recipient string, unreadOnly bool) []Notification {
	t.Helper()
	ns, err := s.Notifications(t.Context(), recipient, unreadOnly, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func unread(t *testing.T, s *Store, recipient string) int {
	t.Helper()
	n, err := s.CountUnread(t.Context(), recipient)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNotificationRoundTrip(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := id.New()
	appointment := unstored(ann, appointmentStart)
	appointment.PreviousStart, appointment.Pending, appointment.Early = appointmentStart.Add(-time.Hour), true, true
	rating := Notification{
		Notice: Notice{
			RecipientID: ann, Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED, SalonID: id.New(),
			RatingID: id.New(), Stars: 5,
		},
		ID: id.New(), EventID: id.New(), CreateTime: appointmentStart.Add(-time.Microsecond), ReadTime: appointmentStart,
	}
	everything := unstored(ann, appointmentStart)
	everything.CreateTime = rating.CreateTime.Add(-time.Second)
	everything.RatingID, everything.Stars, everything.ReadTime = id.New(), 1, appointmentStart
	everything.PreviousStart, everything.End, everything.OfferExpire = appointmentStart.Add(-time.Hour), appointmentStart.Add(time.Hour), appointmentStart
	everything.Pending, everything.Early, everything.Title, everything.Body = true, true, "A title", "A text"
	for _, v := range []reflect.Value{reflect.ValueOf(everything), reflect.ValueOf(everything.Notice)} {
		for field, value := range v.Fields() {
			if value.IsZero() {
				t.Errorf("%s is not tested", field.Name)
			}
		}
	}
	add(t, s, appointment, rating, everything)
	if got, want := list(t, s, ann, false), []Notification{appointment, rating, everything}; !equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	add(t, s) // none is not an error
}

func TestAnEventNotifiesNobodyTwice(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann, ben := id.New(), id.New()
	first := unstored(ann, appointmentStart)
	again, other := first, first
	again.ID, again.Stars = id.New(), 5
	other.ID, other.RecipientID = id.New(), ben
	add(t, s, first)
	add(t, s, again, other)
	if got := list(t, s, ann, false); !equal(got, []Notification{first}) {
		t.Errorf("Ann has %+v", got)
	}
	if got := list(t, s, ben, false); !equal(got, []Notification{other}) {
		t.Errorf("Ben has %+v", got)
	}
}

func TestListPageByPage(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := id.New()
	var all, open []string
	for i := range 9 {
		// Two at each instant, so that the id decides; every third one is read.
		n := unstored(ann, appointmentStart.Add(time.Duration(i/2)*time.Microsecond))
		if i%3 == 0 {
			n.ReadTime = appointmentStart
		} else {
			open = append(open, n.ID)
		}
		all = append(all, n.ID)
		add(t, s, n, unstored(id.New(), appointmentStart))
	}
	slices.Reverse(all)
	slices.Reverse(open)
	for unreadOnly, want := range map[bool][]string{false: all, true: open} {
		for size := 1; size <= len(want)+1; size++ {
			var got []string
			var after *Cursor
			for {
				page, err := s.Notifications(t.Context(), ann, unreadOnly, after, size)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				for _, n := range page {
					got = append(got, n.ID)
				}
				last := page[len(page)-1]
				after = &Cursor{Time: last.CreateTime, ID: last.ID}
			}
			if !slices.Equal(got, want) {
				t.Errorf("unread only %v, pages of %d: %v, want %v", unreadOnly, size, got, want)
			}
		}
	}
}

func TestMarkRead(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann, ben := id.New(), id.New()
	n := unstored(ann, appointmentStart)
	add(t, s, n, unstored(ann, appointmentStart))
	first, second := appointmentStart.Add(time.Hour), appointmentStart.Add(2*time.Hour)

	if _, err := s.MarkRead(t.Context(), ben, n.ID, first); !errors.Is(err, ErrNotificationNotFound) {
		t.Errorf("of another recipient: %v", err)
	}
	if _, err := s.MarkRead(t.Context(), ann, id.New(), first); !errors.Is(err, ErrNotificationNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if got := unread(t, s, ann); got != 2 {
		t.Errorf("unread = %d, want 2", got)
	}
	n.ReadTime = first
	for _, now := range []time.Time{first, second} {
		if got, err := s.MarkRead(t.Context(), ann, n.ID, now); !reflect.DeepEqual(got, n) || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, n)
		}
	}
	if got := unread(t, s, ann); got != 1 {
		t.Errorf("unread = %d, want 1", got)
	}
}

func TestMarkAllRead(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann, ben := id.New(), id.New()
	before := unstored(ann, appointmentStart)
	before.ReadTime = appointmentStart
	add(t, s, before, unstored(ann, appointmentStart), unstored(ann, appointmentStart), unstored(ben, appointmentStart))
	now := appointmentStart.Add(time.Hour)
	for _, want := range []int{2, 0} {
		if got, err := s.MarkAllRead(t.Context(), ann, now); got != want || err != nil {
			t.Errorf("marked %d, %v, want %d", got, err, want)
		}
	}
	for _, n := range list(t, s, ann, false) {
		want := now
		if n.ID == before.ID {
			want = appointmentStart
		}
		if !n.ReadTime.Equal(want) {
			t.Errorf("%s read at %v, want %v", n.ID, n.ReadTime, want)
		}
	}
	if a, b := unread(t, s, ann), unread(t, s, ben); a != 0 || b != 1 {
		t.Errorf("unread: Ann %d, Ben %d", a, b)
	}
}

// Concurrent calls of MarkRead and MarkAllRead count each notification once at most and leave none unread.
func TestMarkUnderConcurrency(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := id.New()
	const count = 50
	ids := make([]string, count)
	for i := range ids {
		n := unstored(ann, appointmentStart)
		ids[i] = n.ID
		add(t, s, n)
	}
	var wg sync.WaitGroup
	marked := make([]int, 4)
	errs := make([]error, 4)
	for i := range marked {
		wg.Go(func() {
			if i == 0 {
				for _, id := range ids[:count/2] {
					if _, err := s.MarkRead(t.Context(), ann, id, appointmentStart); err != nil {
						errs[i] = err
					}
				}
				return
			}
			marked[i], errs[i] = s.MarkAllRead(t.Context(), ann, appointmentStart)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if total := marked[1] + marked[2] + marked[3]; total < count/2 || total > count {
		t.Errorf("marked %v of %d", marked, count)
	}
	if got := unread(t, s, ann); got != 0 {
		t.Errorf("unread = %d", got)
	}
}

func TestPrune(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := id.New()
	edge := appointmentStart
	var kept, removed []Notification
	for i := range 5 {
		old := unstored(ann, edge.Add(-time.Duration(i+1)*time.Microsecond))
		old.ReadTime = edge
		removed = append(removed, old)
	}
	atEdge, oldUnread, young := unstored(ann, edge), unstored(ann, edge.Add(-time.Hour)), unstored(ann, edge.Add(time.Hour))
	atEdge.ReadTime, young.ReadTime = edge, edge.Add(2*time.Hour)
	kept = append(kept, young, atEdge, oldUnread)
	add(t, s, slices.Concat(removed, kept)...)
	for _, want := range []int{2, 2, 1, 0} {
		if got, err := s.Prune(t.Context(), edge, 2); got != want || err != nil {
			t.Errorf("pruned %d, %v, want %d", got, err, want)
		}
	}
	if got := list(t, s, ann, false); !equal(got, kept) {
		t.Errorf("left %+v\nwant %+v", got, kept)
	}
}

func TestConstraints(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	for name, spoil := range map[string]func(*Notification){
		"no type":       func(n *Notification) { n.Type = 0 },
		"title only":    func(n *Notification) { n.Title = "title" },
		"body only":     func(n *Notification) { n.Body = "body" },
		"about nothing": func(n *Notification) { n.AppointmentID = "" },
		"no zone":       func(n *Notification) { n.TimeZone = "" },
		"six stars":     func(n *Notification) { n.Stars = 6 },
	} {
		n := unstored(id.New(), appointmentStart)
		spoil(&n)
		if err := s.InsertNotifications(t.Context(), []Notification{n}); !postgres.IsCheckViolation(err, "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
