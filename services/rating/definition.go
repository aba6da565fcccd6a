package rating

import (
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/service"
)

// Definition describes this service to the program.
var Definition = service.Definition{
	Name:       "rating",
	Migrations: Migrations,
	Subjects:   []string{"rating"},
	Calls:      []string{"appointment"},
	APIs: []service.API{
		service.RESTAPI(&ratingv1.RatingService_ServiceDesc, ratingv1.NewRatingServiceClient, ratingv1.RegisterRatingServiceHandlerClient),
		{Desc: &ratingv1.PersonalDataService_ServiceDesc},
	},
	New: func(d service.Deps) (service.Service, error) { return New(d) },
}
