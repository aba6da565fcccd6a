package appointment

import (
	"context"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// visitHandler answers other services.
type visitHandler struct {
	appointmentv1.UnimplementedVisitServiceServer
	*Service
}

// everything may be seen by other services.
var everything = auth.Principal{Role: apiv1.Role_ROLE_ADMIN}

// LookupVisit returns an appointment as its newest event describes it.
func (h *visitHandler) LookupVisit(
	ctx context.Context, req *appointmentv1.LookupVisitRequest,
) (*appointmentv1.LookupVisitResponse, error) {
	a, err := h.store.Appointment(ctx, req.GetAppointmentId(), everything)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.LookupVisitResponse{Appointment: appointmentBody(a), Version: a.Version}, nil
}
