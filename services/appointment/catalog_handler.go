package appointment

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// catalogHandler answers appointmentv1.CatalogService. What masters offer is in
// offering_handler.go.
type catalogHandler struct {
	appointmentv1.UnimplementedCatalogServiceServer
	*Service
}

// GetService returns a service.
func (h *catalogHandler) GetService(
	ctx context.Context, req *appointmentv1.GetServiceRequest,
) (*appointmentv1.Service, error) {
	return h.services.Get(ctx, req.GetServiceId())
}

// ListServices finds services.
func (h *catalogHandler) ListServices(
	ctx context.Context, req *appointmentv1.ListServicesRequest,
) (*appointmentv1.ListServicesResponse, error) {
	var after *ServiceCursor
	if _, err := h.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	size := pagetoken.Size(req.GetPageSize())
	services, err := h.store.SalonServices(ctx, ServiceFilter{
		Category: req.GetCategory(),
		Text:     req.GetQuery(),
		Active:   req.Active,
		After:    after,
		Limit:    size + 1,
	})
	if err != nil {
		return nil, err
	}
	services, more := pagetoken.Cut(services, size)
	response := &appointmentv1.ListServicesResponse{}
	for _, s := range services {
		response.Services = append(response.Services, serviceProto(s))
	}
	if more {
		last := services[size-1]
		response.NextPageToken, err = h.pages.Encode(req, ServiceCursor{Category: last.Category, Name: last.Name, ID: last.ID})
	}
	return response, err
}

// CreateService adds a service.
func (h *catalogHandler) CreateService(
	ctx context.Context, req *appointmentv1.CreateServiceRequest,
) (*appointmentv1.Service, error) {
	if err := checkCurrency("price.currency_code", req.GetPrice().GetCurrencyCode()); err != nil {
		return nil, err
	}
	now := h.deps.Time()
	service := SalonService{
		ID:                  newID(),
		Name:                req.GetName(),
		Description:         req.GetDescription(),
		Category:            req.GetCategory(),
		PriceMinor:          req.GetPrice().GetAmountMinor(),
		Currency:            req.GetPrice().GetCurrencyCode(),
		DurationMinutes:     req.GetDurationMinutes(),
		BufferBeforeMinutes: req.GetBufferBeforeMinutes(),
		BufferAfterMinutes:  req.GetBufferAfterMinutes(),
		Active:              req.Active == nil || req.GetActive(),
		Version:             1,
		CreateTime:          now,
		UpdateTime:          now,
	}
	key := idempotency.Key{
		Caller:    auth.Caller(ctx).UserID,
		Method:    appointmentv1.CatalogService_CreateService_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Service, error) {
		if err := h.store.In(tx).CreateSalonService(ctx, service); err != nil {
			return nil, err
		}
		return serviceProto(service), nil
	})
}

// UpdateService changes a service.
func (h *catalogHandler) UpdateService(
	ctx context.Context, req *appointmentv1.UpdateServiceRequest,
) (*appointmentv1.Service, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	if fields.Has("price") {
		if err := checkCurrency("price.currency_code", req.GetPrice().GetCurrencyCode()); err != nil {
			return nil, err
		}
	}
	service, err := h.store.UpdateSalonService(ctx, req.GetServiceId(), h.deps.Time(), func(s *SalonService) error {
		if err := etag.Match(req.GetEtag(), s.Version); err != nil {
			return err
		}
		writeServiceFields(s, req, fields)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return serviceProto(service), nil
}

func writeServiceFields(s *SalonService, req *appointmentv1.UpdateServiceRequest, fields fieldmask.Set) {
	write(fields, "name", &s.Name, req.GetName())
	write(fields, "description", &s.Description, req.GetDescription())
	write(fields, "category", &s.Category, req.GetCategory())
	write(fields, "price", &s.PriceMinor, req.GetPrice().GetAmountMinor())
	write(fields, "price", &s.Currency, req.GetPrice().GetCurrencyCode())
	write(fields, "duration_minutes", &s.DurationMinutes, req.GetDurationMinutes())
	write(fields, "buffer_before_minutes", &s.BufferBeforeMinutes, req.GetBufferBeforeMinutes())
	write(fields, "buffer_after_minutes", &s.BufferAfterMinutes, req.GetBufferAfterMinutes())
	write(fields, "active", &s.Active, req.GetActive())
}

func write[T any](fields fieldmask.Set, field string, to *T, value T) {
	if fields.Has(field) {
		*to = value
	}
}

// DeleteService removes a service, and with it what masters offer of it.
func (h *catalogHandler) DeleteService(
	ctx context.Context, req *appointmentv1.DeleteServiceRequest,
) (*emptypb.Empty, error) {
	err := h.store.DeleteSalonService(ctx, req.GetServiceId(), h.deps.Time(), func(s SalonService) error {
		return etag.Match(req.GetEtag(), s.Version)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
