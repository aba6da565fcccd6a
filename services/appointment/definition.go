package appointment

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// Definition describes this service to the program.
var Definition = service.Definition{
	Name:       "appointment",
	Migrations: Migrations,
	Subjects:   []string{"salon", "appointment", "hold", "group_session", "waitlist", "service", "offering"},
	Calls:      []string{"user"},
	Purposes:   []string{availability.QuotePurpose, booking.HoldProofPurpose, booking.HoldAddressPurpose},
	APIs: []service.API{
		service.RESTAPI(&appointmentv1.SalonService_ServiceDesc, appointmentv1.NewSalonServiceClient,
			appointmentv1.RegisterSalonServiceHandlerClient),
		service.RESTAPI(&appointmentv1.CustomerService_ServiceDesc, appointmentv1.NewCustomerServiceClient,
			appointmentv1.RegisterCustomerServiceHandlerClient),
		service.RESTAPI(&appointmentv1.CatalogService_ServiceDesc, appointmentv1.NewCatalogServiceClient,
			appointmentv1.RegisterCatalogServiceHandlerClient),
		service.RESTAPI(&appointmentv1.ScheduleService_ServiceDesc, appointmentv1.NewScheduleServiceClient,
			appointmentv1.RegisterScheduleServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AvailabilityService_ServiceDesc, appointmentv1.NewAvailabilityServiceClient,
			appointmentv1.RegisterAvailabilityServiceHandlerClient),
		service.RESTAPI(&appointmentv1.ResourceService_ServiceDesc, appointmentv1.NewResourceServiceClient,
			appointmentv1.RegisterResourceServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AppointmentService_ServiceDesc, appointmentv1.NewAppointmentServiceClient,
			appointmentv1.RegisterAppointmentServiceHandlerClient),
		service.RESTAPI(&appointmentv1.HoldService_ServiceDesc, appointmentv1.NewHoldServiceClient,
			appointmentv1.RegisterHoldServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AppointmentSeriesService_ServiceDesc, appointmentv1.NewAppointmentSeriesServiceClient,
			appointmentv1.RegisterAppointmentSeriesServiceHandlerClient),
		service.RESTAPI(&appointmentv1.WaitlistService_ServiceDesc, appointmentv1.NewWaitlistServiceClient,
			appointmentv1.RegisterWaitlistServiceHandlerClient),
		service.RESTAPI(&appointmentv1.DeskService_ServiceDesc, appointmentv1.NewDeskServiceClient,
			appointmentv1.RegisterDeskServiceHandlerClient),
		service.RESTAPI(&appointmentv1.GroupService_ServiceDesc, appointmentv1.NewGroupServiceClient,
			appointmentv1.RegisterGroupServiceHandlerClient),
		service.RESTAPI(&appointmentv1.WatchService_ServiceDesc, appointmentv1.NewWatchServiceClient,
			appointmentv1.RegisterWatchServiceHandlerClient),
		{Desc: &appointmentv1.DirectoryService_ServiceDesc},
		{Desc: &appointmentv1.PersonalDataService_ServiceDesc},
	},
	New: func(d service.Deps) (service.Service, error) { return New(d) },
}
