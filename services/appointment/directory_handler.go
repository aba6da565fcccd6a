package appointment

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// directoryHandler answers appointmentv1.DirectoryService, for Salon's other services.
type directoryHandler struct {
	appointmentv1.UnimplementedDirectoryServiceServer
	*Service
}

// LookupAppointment returns an appointment as its newest event describes it.
func (h *directoryHandler) LookupAppointment(
	ctx context.Context, req *appointmentv1.LookupAppointmentRequest,
) (*appointmentv1.LookupAppointmentResponse, error) {
	body, version, err := h.bookings.Snapshot(ctx, req.GetAppointmentId())
	if err != nil {
		return nil, err
	}
	return &appointmentv1.LookupAppointmentResponse{Appointment: body, Version: version}, nil
}

// LookupSalon returns a salon as its newest event describes it.
func (h *directoryHandler) LookupSalon(
	ctx context.Context, req *appointmentv1.LookupSalonRequest,
) (*appointmentv1.LookupSalonResponse, error) {
	body, version, err := h.salons.Snapshot(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	return &appointmentv1.LookupSalonResponse{Salon: body, Version: version}, nil
}

// LookupNames returns the names of salons, services, masters and customers.
func (h *directoryHandler) LookupNames(
	ctx context.Context, req *appointmentv1.LookupNamesRequest,
) (*appointmentv1.LookupNamesResponse, error) {
	resp := &appointmentv1.LookupNamesResponse{}
	for _, kind := range []struct {
		ids    []string
		lookup func(context.Context, []string) (map[string]string, error)
		into   *map[string]string
	}{
		{req.GetSalonIds(), h.salons.Names, &resp.Salons},
		{req.GetServiceIds(), h.catalog.ServiceNames, &resp.Services},
		{req.GetMasterIds(), h.people.MasterNames, &resp.Masters},
		{req.GetCustomerIds(), h.people.CustomerNames, &resp.Customers},
	} {
		if len(kind.ids) == 0 {
			continue
		}
		names, err := kind.lookup(ctx, kind.ids)
		if err != nil {
			return nil, err
		}
		*kind.into = names
	}
	return resp, nil
}

// RefreshMaster reads a master from the user service.
func (h *directoryHandler) RefreshMaster(
	ctx context.Context, req *appointmentv1.RefreshMasterRequest,
) (*emptypb.Empty, error) {
	// Nothing relies on a master whom the user service does not know.
	if _, err := h.people.RefreshMaster(ctx, req.GetMasterId()); err != nil && !errors.Is(err, people.ErrMasterUnavailable) {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// RefreshAccount reads an account from the user service.
func (h *directoryHandler) RefreshAccount(
	ctx context.Context, req *appointmentv1.RefreshAccountRequest,
) (*emptypb.Empty, error) {
	if _, err := h.people.RefreshAccount(ctx, req.GetAccountId()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
