package appointment

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// ListOfferings lists what a master performs.
func (h *catalogHandler) ListOfferings(
	ctx context.Context, req *appointmentv1.ListOfferingsRequest,
) (*appointmentv1.ListOfferingsResponse, error) {
	var after *ServiceCursor
	if _, err := h.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	if err := h.masterOfCatalog(ctx, req.GetMasterId()); err != nil {
		return nil, err
	}
	size := pagetoken.Size(req.GetPageSize())
	offered, err := h.store.OfferedBy(ctx, req.GetMasterId(), after, size+1)
	if err != nil {
		return nil, err
	}
	offered, more := pagetoken.Cut(offered, size)
	response := &appointmentv1.ListOfferingsResponse{}
	for _, o := range offered {
		response.Offerings = append(response.Offerings, offeringProto(o.Offering, o.Service))
	}
	if more {
		last := offered[size-1].Service
		response.NextPageToken, err = h.pages.Encode(req, ServiceCursor{Name: last.Name, ID: last.ID})
	}
	return response, err
}

// PutOffering makes a master perform a service, or changes how.
func (h *catalogHandler) PutOffering(
	ctx context.Context, req *appointmentv1.PutOfferingRequest,
) (*appointmentv1.Offering, error) {
	if err := h.ownOfferings(ctx, req.GetMasterId()); err != nil {
		return nil, err
	}
	put, err := h.store.PutOffering(ctx, req.GetMasterId(), req.GetServiceId(), h.deps.Time(),
		func(o *Offering, s SalonService) error {
			if err := etag.Match(req.GetEtag(), o.Version); err != nil {
				return err
			}
			o.PriceOverrideMinor, o.DurationOverrideMinutes = nil, req.DurationOverrideMinutes
			if price := req.GetPriceOverride(); price != nil {
				if price.GetCurrencyCode() != s.Currency {
					return apierr.InvalidField("price_override.currency_code",
						fmt.Sprintf("must be the service's currency, %s", s.Currency))
				}
				o.PriceOverrideMinor = &price.AmountMinor
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	return offeringProto(put.Offering, put.Service), nil
}

// DeleteOffering makes a master perform a service no more.
func (h *catalogHandler) DeleteOffering(
	ctx context.Context, req *appointmentv1.DeleteOfferingRequest,
) (*emptypb.Empty, error) {
	if err := h.ownOfferings(ctx, req.GetMasterId()); err != nil {
		return nil, err
	}
	err := h.store.DeleteOffering(ctx, req.GetMasterId(), req.GetServiceId(), h.deps.Time(), func(o Offering) error {
		return etag.Match(req.GetEtag(), o.Version)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// ownOfferings checks that the caller may change what a master offers: that
// master and administrators may. To anybody else the master is NOT_FOUND.
func (h *catalogHandler) ownOfferings(ctx context.Context, masterID string) error {
	if caller := auth.Caller(ctx); !caller.IsAdmin() && caller.UserID != masterID {
		return errNoMaster
	}
	return h.masterOfCatalog(ctx, masterID)
}

// masterOfCatalog returns NOT_FOUND for a master who is unknown or deleted.
func (h *catalogHandler) masterOfCatalog(ctx context.Context, masterID string) error {
	err := h.directory.master(ctx, masterID)
	if errors.Is(err, errMasterUnavailable) {
		return errNoMaster
	}
	return err
}
