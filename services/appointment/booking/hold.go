package booking

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// HoldState is where a hold stands. The names are those of the contract's HoldState without its prefix.
type HoldState string

// The states of a hold. Only that of an active one changes.
const (
	HoldActive   HoldState = "ACTIVE"
	HoldBooked   HoldState = "BOOKED"
	HoldReleased HoldState = "RELEASED"
	HoldExpired  HoldState = "EXPIRED"
)

// Hold is time that is kept for somebody until an instant.
type Hold struct {
	// ID is a UUIDv7, SalonID the salon.
	ID, SalonID string
	// AppointmentID is the id of the appointment that is booked with it. The claims of the hold have it from the beginning.
	AppointmentID string
	// AccountID is who made it; empty for somebody who is not signed in.
	AccountID string
	// HolderID is whose holds are counted together: a customer, or what stands for an address; empty: nobody's, because staff made it.
	HolderID string
	// CustomerID is the customer whose time it keeps, or empty.
	CustomerID string
	// EntryID is the entry of the waitlist that it is offered to, or empty.
	EntryID string
	// State is where it stands. A hold whose time is over is read as expired, also before anybody has freed its time.
	State HoldState
	// Start and End are those of the appointment.
	Start, End time.Time
	// Quote is what is booked, in units of Currency. ServiceNames are the names of its services.
	Quote        availability.Quote
	ServiceNames []string
	Currency     string
	// Overlap is whether the customer may have something else at that time.
	Overlap bool
	// ExpireTime is until when the time is kept, by the clock of the database; Extended whether it was set a second time.
	ExpireTime time.Time
	Extended   bool
	// Version counts the changes, from 1.
	Version int64
	// CreateTime and UpdateTime are when it was made and when it last changed.
	CreateTime, UpdateTime time.Time

	// due is whether its time is over and nobody has freed it yet.
	due bool
}

// masters are the masters of the hold, each once.
func (h *Hold) masters() []string {
	var ids []string
	for _, s := range h.Quote.Segments {
		if !slices.Contains(ids, s.MasterID) {
			ids = append(ids, s.MasterID)
		}
	}
	return ids
}

// visibleTo reports whether somebody may see the hold. One that names neither an account nor a customer tells nothing of a person, so
// everybody who knows its id may.
func (h *Hold) visibleTo(caller auth.Principal) bool {
	if h.AccountID == "" && h.CustomerID == "" {
		return true
	}
	return h.AccountID != "" && h.AccountID == caller.UserID || h.staff(caller)
}

// staff reports whether somebody works on the hold for the salon.
func (h *Hold) staff(caller auth.Principal) bool {
	return caller.IsAdmin() || caller.Has(h.SalonID, auth.FrontDesk...) ||
		caller.Has(h.SalonID, apiv1.SalonRole_SALON_ROLE_MASTER) && slices.Contains(h.masters(), caller.UserID)
}

// end changes the state of an active hold. Ending it the same way twice changes nothing, and releasing one that has expired neither.
func (h *Hold) end(state HoldState, now time.Time) (changed bool, err error) {
	switch {
	case h.State == HoldActive:
		h.State, h.UpdateTime = state, now
		h.Version++
		return true, nil
	case h.State == state, state == HoldReleased && h.State == HoldExpired:
		return false, nil
	default:
		return false, h.ended()
	}
}

// expire ends a hold whose time is over; false when somebody has done so already, or it was extended.
func (h *Hold) expire(now time.Time) bool {
	if !h.due {
		return false
	}
	h.due, h.UpdateTime = false, now
	h.Version++
	return true
}

// extend keeps the time until another instant, once. One that is not later changes nothing.
func (h *Hold) extend(until, now time.Time) (changed bool, err error) {
	switch {
	case h.State != HoldActive:
		return false, h.ended()
	case h.EntryID != "":
		return false, errHoldState.WithField("hold_id", "must be a hold that is not an offer of the waitlist")
	case h.Extended:
		return false, errHoldState.WithField("hold_id", "must be a hold that was not extended before")
	case !until.After(h.ExpireTime):
		return false, nil
	}
	h.ExpireTime, h.Extended, h.UpdateTime = until, true, now
	h.Version++
	return true, nil
}

// ended is the error of a hold that is not active any more.
func (h *Hold) ended() error {
	if h.State == HoldExpired {
		return errHoldExpired
	}
	return errHoldState.WithField("hold_id", "must be an active hold, not one that is "+holdWords[h.State])
}

var holdWords = map[HoldState]string{HoldBooked: "booked", HoldReleased: "released"}

// The purposes of the keys for proofs of holds, and for the hashes of addresses of those who hold.
const (
	HoldProofPurpose   = "hold-proof"
	HoldAddressPurpose = "hold-address"
)

// proofs makes and checks what somebody shows who has a hold and is not signed in. It is computed from the hold's id, so nobody has to
// store it, and a repeated call has the same.
type proofs struct {
	keys [][32]byte // the first makes them; the others are those of before the secret was changed
}

func newProofs(keys, previous *secret.Keys) proofs {
	return proofs{secret.DeriveBoth(keys, previous, HoldProofPurpose)}
}

// of is the proof of a hold.
func (p proofs) of(holdID string) string { return proof(p.keys[0], holdID) }

// shows reports whether a text is the proof of a hold.
func (p proofs) shows(text, holdID string) bool {
	return slices.ContainsFunc(p.keys, func(key [32]byte) bool { return hmac.Equal([]byte(text), []byte(proof(key, holdID))) })
}

func proof(key [32]byte, holdID string) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(holdID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
