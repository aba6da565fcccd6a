package notification

import (
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/service"
)

// Definition describes this service to the program.
var Definition = service.Definition{
	Name:       "notification",
	Migrations: Migrations,
	Calls:      []string{"appointment", "user"},
	APIs: []service.API{
		service.RESTAPI(&notificationv1.NotificationService_ServiceDesc, notificationv1.NewNotificationServiceClient,
			notificationv1.RegisterNotificationServiceHandlerClient),
		{Desc: &notificationv1.PersonalDataService_ServiceDesc},
	},
	New: func(d service.Deps) (service.Service, error) { return New(d) },
}
