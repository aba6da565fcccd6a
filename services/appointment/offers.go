package appointment

import (
	"context"

	"github.com/maypok86/otter/v2"
)

// offersKept bounds the offers in memory.
const offersKept = 10_000

// offerKey names an offering.
type offerKey struct{ masterID, serviceID string }

// offers answers what a booking amounts to from memory, so that booking costs one
// round trip to the database. An offer from memory may be out of date, in this
// process or because another one changed it: it carries the versions it was read
// from, and the statement that books checks them against the tables (StaleOffer).
// So it never makes a wrong price, only a second attempt.
type offers struct {
	store   *Store
	masters *directory
	memory  *otter.Cache[offerKey, Offer]
}

func newOffers(store *Store, masters *directory) *offers {
	return &offers{
		store: store, masters: masters,
		memory: otter.Must(&otter.Options[offerKey, Offer]{MaximumSize: offersKept}),
	}
}

// get returns the offer of a master for a service that can be booked, else
// errMasterUnavailable or errNotOffered. Only offers are kept, not that there is
// none; and callers do not wait for each other's reading, which may have begun
// before a change that this caller has seen.
func (o *offers) get(ctx context.Context, key offerKey) (Offer, error) {
	if offer, ok := o.memory.GetIfPresent(key); ok {
		return offer, nil
	}
	if err := o.masters.master(ctx, key.masterID); err != nil {
		return Offer{}, err
	}
	found, err := o.store.Offered(ctx, key.masterID, key.serviceID)
	if err != nil {
		return Offer{}, err
	}
	if found == nil || !found.Service.Active {
		return Offer{}, errNotOffered
	}
	offer := found.Offering.Offer(found.Service)
	o.memory.Set(key, offer)
	return offer, nil
}

// forget makes the next get read the offer.
func (o *offers) forget(key offerKey) { o.memory.Invalidate(key) }
