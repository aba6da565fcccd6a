package user

import (
	"context"
	"errors"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// A removal is a change after which nobody can book a person any more: DisableUser,
// DeleteMaster, and UpdateMember and RemoveMember when they take MASTER away. The
// handler commits the change and then makes the appointment service read it, before it
// answers. No booking that relies on the older state commits after the answer, also
// while events are not delivered.
//
// When the appointment service does not answer, the caller gets UNAVAILABLE although
// the change is committed. Every removal can be repeated to complete it. The event of
// the change completes it as well, later.

// refreshTimeout bounds a call to the appointment service.
const refreshTimeout = 5 * time.Second

// refreshAccount completes the removal of an account and of the master's profile that
// belongs to the account.
func (s *Service) refreshAccount(ctx context.Context, userID string) error {
	ctx, cancel := removalContext(ctx)
	defer cancel()
	if _, err := s.directory.RefreshAccount(ctx, &appointmentv1.RefreshAccountRequest{AccountId: userID}); err != nil {
		return errRemovalIncomplete.WithCause(err)
	}
	m, err := s.store.Master(ctx, userID)
	switch {
	case errors.Is(err, errNoMaster):
		return nil
	case err != nil:
		return errRemovalIncomplete.WithCause(err)
	case m.Deleted: // the removal of the profile was an earlier one
		return nil
	}
	return s.refreshMaster(ctx, userID)
}

// refreshFormerMember completes the removal of a master's profile with the role MASTER in
// a salon. It does nothing when the account has never been a master, or is one of the salon.
// The profile may be that of another salon by now; the appointment service has to know that
// too before the call ends.
func (s *Service) refreshFormerMember(ctx context.Context, salonID, userID string) error {
	ctx, cancel := removalContext(ctx)
	defer cancel()
	m, err := s.store.Master(ctx, userID)
	switch {
	case errors.Is(err, errNoMaster):
		return nil
	case err != nil:
		return errRemovalIncomplete.WithCause(err)
	case !m.Deleted && m.SalonID == salonID:
		return nil
	}
	return s.refreshMaster(ctx, userID)
}

// refreshMaster completes the removal of a master's profile.
func (s *Service) refreshMaster(ctx context.Context, masterID string) error {
	ctx, cancel := removalContext(ctx)
	defer cancel()
	if _, err := s.directory.RefreshMaster(ctx, &appointmentv1.RefreshMasterRequest{MasterId: masterID}); err != nil {
		return errRemovalIncomplete.WithCause(err)
	}
	return nil
}

// removalContext returns a context that outlives the caller: the change is committed,
// and a caller who has gone does not repeat the call.
func removalContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
}
