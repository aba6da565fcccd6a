package appointment

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/service"
)

// Definition describes this service to the program.
var Definition = service.Definition{
	Name:       "appointment",
	Migrations: Migrations,
	Subjects:   []string{"appointment", "service", "offering"},
	Calls:      []string{"user"},
	APIs: []service.API{
		service.RESTAPI(&appointmentv1.CatalogService_ServiceDesc, appointmentv1.NewCatalogServiceClient,
			appointmentv1.RegisterCatalogServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AppointmentService_ServiceDesc, appointmentv1.NewAppointmentServiceClient,
			appointmentv1.RegisterAppointmentServiceHandlerClient),
		{Desc: &appointmentv1.VisitService_ServiceDesc},
	},
	New: func(d service.Deps) (service.Service, error) { return New(d) },
}
