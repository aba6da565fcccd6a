package resilience_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/natstest"
)

// The outcomes of an attempt to book a master.
const (
	booked  = "OK"
	refused = "MASTER_UNAVAILABLE"
)

// TestNATSLosesDisabledMasters empties the folder of NATS after masters were disabled: with their events handled, with
// the events not published yet, and with an appointment service that was not told either.
func TestNATSLosesDisabledMasters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	handled, unpublished, missed, enabled := p.master(t), p.master(t), p.master(t), p.master(t)
	p.disable(t, handled)
	p.disable(t, enabled)
	p.book(t, system)
	p.arrive(t, system)
	settled(t, s.queue)
	s.queue.Stop()
	p.disable(t, unpublished)
	p.disable(t, missed)
	s.setBack(t, missed)
	p.enable(t, enabled)
	if err := os.RemoveAll(s.queue.StoreDir()); err != nil {
		t.Fatal(err)
	}
	p.want(t, refused, handled, unpublished)
	s.queue.Start()
	p.becomes(t, refused, missed)
	p.becomes(t, booked, enabled)
	published(t, s.queue, "user.disabled", 4)
	p.book(t, system)
	p.arrive(t, system)
	settled(t, s.queue) // with all that came again
	p.want(t, refused, handled, unpublished, missed)
	p.want(t, booked, enabled)
	p.notifiedOnce(t, s.queue, system)
}

// TestRestoredDisabledMasters restores a backup of the database beside the same NATS. It has the one master disabled who
// was enabled since, and the other one enabled who was disabled since. A third one was disabled in it without the appointment
// service being told. What the backup says of them holds, and what is changed afterwards, although it has the versions of what
// was lost.
func TestRestoredDisabledMasters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	system := s.copy(t)
	p := newPeople(t, system)
	before, after, missed := p.master(t), p.master(t), p.master(t)
	p.disable(t, before)
	p.want(t, refused, before)
	p.book(t, system)
	p.arrive(t, system)
	s.queue.Stop()
	p.disable(t, missed)
	s.setBack(t, missed)
	s.backUp(t)
	s.queue.Start()
	p.becomes(t, refused, missed)
	p.enable(t, before)
	p.becomes(t, booked, before)
	p.disable(t, after)
	p.want(t, refused, after)
	settled(t, s.queue)

	s.restore(t)
	p.becomes(t, booked, after)
	p.becomes(t, refused, before, missed)
	p.book(t, system)
	p.arrive(t, system)
	settled(t, s.queue)
	p.want(t, booked, after)
	p.want(t, refused, before, missed)
	p.disable(t, after)
	p.want(t, refused, after)
	p.enable(t, before)
	p.want(t, booked, before)
	p.notifiedOnce(t, s.queue, system)
}

// master makes another master with the same service.
func (p *people) master(t *testing.T) *salontest.Account {
	t.Helper()
	master := p.starts.NewMasterOf(t, salontest.DefaultSalon, "Master")
	p.starts.Offer(t, master, p.cast.Service)
	return master
}

func (p *people) disable(t *testing.T, master *salontest.Account) {
	t.Helper()
	salontest.Do[*userv1.User](t, p.starts.GRPC(), p.cast.Admin, userv1.UserService_DisableUser_FullMethodName,
		&userv1.DisableUserRequest{UserId: master.ID})
}

func (p *people) enable(t *testing.T, master *salontest.Account) {
	t.Helper()
	salontest.Do[*userv1.User](t, p.starts.GRPC(), p.cast.Admin, userv1.UserService_EnableUser_FullMethodName,
		&userv1.EnableUserRequest{UserId: master.ID})
}

// outcome tries to book a master. Nobody expects to be notified of it.
func (p *people) outcome(t *testing.T, master *salontest.Account) string {
	t.Helper()
	r := p.starts.GRPC().Call(t, p.cast.CustomerB, createAppointment, salontest.Booking(master, p.cast.Service, p.starts.NextStart()))
	if r.Code == codes.OK {
		return booked
	}
	return r.Reason
}

// want fails the test unless an attempt to book each of the masters has this outcome.
func (p *people) want(t *testing.T, outcome string, masters ...*salontest.Account) {
	t.Helper()
	for i, master := range masters {
		if got := p.outcome(t, master); got != outcome {
			t.Errorf("booking master %d of %d: %s, want %s", i+1, len(masters), got, outcome)
		}
	}
}

// becomes waits, no longer than the recovery may take, until attempts to book the masters have this outcome.
func (p *people) becomes(t *testing.T, outcome string, masters ...*salontest.Account) {
	t.Helper()
	for i, master := range masters {
		var got string
		if !salontest.Deadline(recovery, func() bool { got = p.outcome(t, master); return got == outcome }) {
			t.Fatalf("booking master %d of %d after %s: %s, want %s", i+1, len(masters), recovery, got, outcome)
		}
	}
}

// setBack gives the appointment service the state of a master back that was before the last change, as if the call about
// the change had failed.
func (s *site) setBack(t *testing.T, master *salontest.Account) {
	t.Helper()
	conn := s.superuser(t, "salon")
	defer conn.Close(context.WithoutCancel(t.Context()))
	tag, err := conn.Exec(t.Context(), "UPDATE appointments.masters SET disabled = NOT disabled, version = version - 1 WHERE id = $1", master.ID)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("setBack: %v, %v", tag, err)
	}
}

// published waits until the stream has at least n events of a type.
func published(t *testing.T, server *natstest.Server, typ string, n uint64) {
	t.Helper()
	eventually(t, server.URL().Reveal(), func(stream jetstream.Stream) error {
		info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter(typ))
		if err != nil {
			return err
		}
		if got := info.State.Subjects[typ]; got < n {
			return fmt.Errorf("the stream has %d events %s, want %d", got, typ, n)
		}
		return nil
	})
}
