package notification

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func newID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// told is a notification of somebody's that is not stored yet.
func told(t *testing.T, recipient string, at time.Time) Notification {
	t.Helper()
	return Notification{
		Notice: Notice{
			RecipientID: recipient, Type: notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
			Title: "Visit booked", Body: "Your visit is booked.", AppointmentID: newID(t), AppointmentStart: visitStart,
		},
		ID: newID(t), EventID: newID(t), CreateTime: at,
	}
}

func add(t *testing.T, s *Store, ns ...Notification) {
	t.Helper()
	if err := s.Add(t.Context(), ns...); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, s *Store, recipient string, unreadOnly bool) []Notification {
	t.Helper()
	ns, err := s.List(t.Context(), recipient, unreadOnly, nil, 1000)
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

func TestMigrationsGoUpAndDown(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.CheckSchema(t.Context(), server.DB("notifications"), Migrations); err != nil {
		t.Error(err)
	}
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Error(err)
	}
}

func TestNotificationIsKeptAsItIs(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	visit := told(t, newID(t), visitStart)
	rating := visit
	rating.ID, rating.EventID, rating.CreateTime = newID(t), newID(t), visitStart.Add(-time.Microsecond)
	rating.AppointmentID, rating.AppointmentStart, rating.RatingID = "", time.Time{}, newID(t)
	rating.ReadTime = visitStart
	add(t, s, visit, rating)
	if got, want := list(t, s, visit.RecipientID, false), []Notification{visit, rating}; !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	add(t, s) // nothing is not an error
}

func TestNobodyIsToldTwiceOfAnEvent(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann, ben := newID(t), newID(t)
	first := told(t, ann, visitStart)
	again, other := first, first
	again.ID, again.Title = newID(t), "Again"
	other.ID, other.RecipientID = newID(t), ben
	add(t, s, first)
	add(t, s, again, other)
	if got := list(t, s, ann, false); !slices.Equal(got, []Notification{first}) {
		t.Errorf("Ann has %+v", got)
	}
	if got := list(t, s, ben, false); !slices.Equal(got, []Notification{other}) {
		t.Errorf("Ben has %+v", got)
	}
}

func TestListPageByPage(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := newID(t)
	var all, open []string
	for i := range 9 {
		// Two a moment, so that the id decides; every third one is read.
		n := told(t, ann, visitStart.Add(time.Duration(i/2)*time.Microsecond))
		if i%3 == 0 {
			n.ReadTime = visitStart
		} else {
			open = append(open, n.ID)
		}
		all = append(all, n.ID)
		add(t, s, n, told(t, newID(t), visitStart))
	}
	slices.Reverse(all)
	slices.Reverse(open)
	for unreadOnly, want := range map[bool][]string{false: all, true: open} {
		for size := 1; size <= len(want)+1; size++ {
			var got []string
			var after *Cursor
			for {
				page, err := s.List(t.Context(), ann, unreadOnly, after, size)
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
	ann, ben := newID(t), newID(t)
	n := told(t, ann, visitStart)
	add(t, s, n, told(t, ann, visitStart))
	first, second := visitStart.Add(time.Hour), visitStart.Add(2*time.Hour)

	if _, err := s.MarkRead(t.Context(), ben, n.ID, first); !errors.Is(err, ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if _, err := s.MarkRead(t.Context(), ann, newID(t), first); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if got := unread(t, s, ann); got != 2 {
		t.Errorf("unread = %d, want 2", got)
	}
	n.ReadTime = first
	for _, now := range []time.Time{first, second} {
		if got, err := s.MarkRead(t.Context(), ann, n.ID, now); got != n || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, n)
		}
	}
	if got := unread(t, s, ann); got != 1 {
		t.Errorf("unread = %d, want 1", got)
	}
}

func TestMarkAllRead(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann, ben := newID(t), newID(t)
	before := told(t, ann, visitStart)
	before.ReadTime = visitStart
	add(t, s, before, told(t, ann, visitStart), told(t, ann, visitStart), told(t, ben, visitStart))
	now := visitStart.Add(time.Hour)
	for _, want := range []int{2, 0} {
		if got, err := s.MarkAllRead(t.Context(), ann, now); got != want || err != nil {
			t.Errorf("marked %d, %v, want %d", got, err, want)
		}
	}
	for _, n := range list(t, s, ann, false) {
		want := now
		if n.ID == before.ID {
			want = visitStart
		}
		if !n.ReadTime.Equal(want) {
			t.Errorf("%s read at %v, want %v", n.ID, n.ReadTime, want)
		}
	}
	if a, b := unread(t, s, ann), unread(t, s, ben); a != 0 || b != 1 {
		t.Errorf("unread: Ann %d, Ben %d", a, b)
	}
}

// Marking one and marking all at the same time: each is counted once at most, and none is left.
func TestMarkUnderConcurrency(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	ann := newID(t)
	const count = 50
	ids := make([]string, count)
	for i := range ids {
		n := told(t, ann, visitStart)
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
					if _, err := s.MarkRead(t.Context(), ann, id, visitStart); err != nil {
						errs[i] = err
					}
				}
				return
			}
			marked[i], errs[i] = s.MarkAllRead(t.Context(), ann, visitStart)
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
	ann := newID(t)
	edge := visitStart
	var kept, removed []Notification
	for i := range 5 {
		old := told(t, ann, edge.Add(-time.Duration(i+1)*time.Microsecond))
		old.ReadTime = edge
		removed = append(removed, old)
	}
	atEdge, oldUnread, young := told(t, ann, edge), told(t, ann, edge.Add(-time.Hour)), told(t, ann, edge.Add(time.Hour))
	atEdge.ReadTime, young.ReadTime = edge, edge.Add(2*time.Hour)
	kept = append(kept, young, atEdge, oldUnread)
	add(t, s, slices.Concat(removed, kept)...)
	for _, want := range []int{2, 2, 1, 0} {
		if got, err := s.Prune(t.Context(), edge, 2); got != want || err != nil {
			t.Errorf("pruned %d, %v, want %d", got, err, want)
		}
	}
	if got := list(t, s, ann, false); !slices.Equal(got, kept) {
		t.Errorf("left %+v\nwant %+v", got, kept)
	}
}

func TestConstraints(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	for name, spoil := range map[string]func(*Notification){
		"no type":       func(n *Notification) { n.Type = 0 },
		"no title":      func(n *Notification) { n.Title = "" },
		"no body":       func(n *Notification) { n.Body = "" },
		"about nothing": func(n *Notification) { n.AppointmentID = "" },
	} {
		n := told(t, newID(t), visitStart)
		spoil(&n)
		if err := s.Add(t.Context(), n); !postgres.IsCheckViolation(err, "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
