package user

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/fold"
)

// Profile is what a master or an administrator writes about a master.
type Profile struct {
	// DisplayName is the name that customers see.
	DisplayName string
	// Bio is a few words about the master.
	Bio string
	// Specialties is what the master is good at, each once without regard to case.
	Specialties []string
	// ExperienceYears is in whole years.
	ExperienceYears int32
	// PhotoURL is an https address, or empty.
	PhotoURL string
}

// Master is a person who performs services, in one salon at a time.
type Master struct {
	// ID is that of the account.
	ID string
	// SalonID is the salon that the master works in, or worked in last when the profile
	// is deleted.
	SalonID string
	// Profile is what people wrote.
	Profile Profile
	// RatingCount is the number of ratings.
	RatingCount int32
	// RatingStars is the sum of their stars.
	RatingStars int64
	// RatingVersion is that of the rating event which these numbers are from, 0 before
	// the first event.
	RatingVersion int64
	// Deleted profiles are kept for the appointments and ratings that refer to them.
	Deleted bool
	// Disabled is the account's: the profile is hidden until the account is enabled again.
	Disabled bool
	// Version grows with every change of the profile. It is the first part of the
	// etag, and the aggregate version of master.* events.
	Version int64
	// CreateTime is when the profile was first made.
	CreateTime time.Time
	// ProfileTime is when the profile was last made, first or again. The Unix epoch
	// stands for not known.
	ProfileTime time.Time
	// UpdateTime is when the profile last changed. Ratings do not count.
	UpdateTime time.Time
}

// NewMaster returns a profile at its first version. The error is that of
// Profile.Check.
func NewMaster(id, salonID string, p Profile, now time.Time) (Master, error) {
	m := Master{ID: id, SalonID: salonID, CreateTime: now, ProfileTime: now}
	err := m.write(p, now)
	return m, err
}

// Revive makes a deleted profile live again, in a salon. The profile keeps its ratings
// and is otherwise a new one. The account is enabled. Revive returns ErrMasterExists for
// a profile of this salon that is not deleted, and ErrMasterElsewhere for one of another
// salon.
func (m *Master) Revive(salonID string, p Profile, now time.Time) error {
	switch {
	case m.Deleted:
	case m.SalonID == salonID:
		return ErrMasterExists
	default:
		return ErrMasterElsewhere
	}
	m.SalonID, m.Deleted, m.Disabled, m.ProfileTime = salonID, false, false, now
	return m.write(p, now)
}

// Edit replaces the profile and reports whether that changed anything. The error is that
// of Profile.Check.
func (m *Master) Edit(p Profile, now time.Time) (changed bool, err error) {
	if m.Profile.equal(p) {
		return false, nil
	}
	return true, m.write(p, now)
}

// Delete ends the profile.
func (m *Master) Delete(now time.Time) {
	m.Deleted = true
	m.touch(now)
}

// SetDisabled hides the profile of an account that is disabled, or shows the profile
// again.
func (m *Master) SetDisabled(disabled bool, now time.Time) {
	m.Disabled = disabled
	m.touch(now)
}

// Live reports whether customers see the profile and can book.
func (m *Master) Live() bool { return !m.Deleted && !m.Disabled }

// RatingMean returns the mean of the ratings, 0 while there is none.
func (m *Master) RatingMean() float64 {
	if m.RatingCount == 0 {
		return 0
	}
	return float64(m.RatingStars) / float64(m.RatingCount)
}

// Revision grows with every change of the answer of GetMaster: each change raises the
// version of the profile or the version of the ratings.
func (m *Master) Revision() int64 { return m.Version + m.RatingVersion }

func (m *Master) write(p Profile, now time.Time) error {
	if err := p.Check(); err != nil {
		return err
	}
	m.Profile = p
	m.touch(now)
	return nil
}

func (m *Master) touch(now time.Time) {
	m.Version++
	m.UpdateTime = now
}

// Check returns INVALID_FIELDS for specialties that differ only in case. The rule of the
// contract compares them exactly.
func (p Profile) Check() error {
	seen := make(map[string]struct{}, len(p.Specialties))
	for i, key := range p.specialtyKeys() {
		if _, again := seen[key]; again {
			return apierr.InvalidField(fmt.Sprintf("specialties[%d]", i), "repeats another one")
		}
		seen[key] = struct{}{}
	}
	return nil
}

func (p Profile) equal(q Profile) bool {
	return p.DisplayName == q.DisplayName && p.Bio == q.Bio && slices.Equal(p.Specialties, q.Specialties) &&
		p.ExperienceYears == q.ExperienceYears && p.PhotoURL == q.PhotoURL
}

// searchText is the text that the query of ListMasters is searched in. A query has no
// line feed, so that it cannot match across two parts.
func (p Profile) searchText() string {
	return fold.Text(strings.Join(append([]string{p.DisplayName, p.Bio}, p.Specialties...), "\n"))
}

// specialtyKeys are what the specialty of ListMasters is compared with.
func (p Profile) specialtyKeys() []string {
	keys := make([]string, len(p.Specialties))
	for i, s := range p.Specialties {
		keys[i] = fold.Text(s)
	}
	return keys
}
