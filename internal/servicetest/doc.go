// Package servicetest gives the test of a service all its dependencies as real servers: a PostgreSQL database of
// its own, a NATS server, Redis, and connections in this process with the same interceptors as over the network.
//
//	p := servicetest.New(t, rating.Migrations)
//	s, err := rating.New(p.Deps("ratings"))
//	…
//	p.Start("rating", s)
//	client := ratingv1.NewRatingServiceClient(p.Conns.For("rating"))
//	ann := p.SignIn(apiv1.Role_ROLE_CUSTOMER)
//	_, err = client.CreateRating(p.As(ann), …)
//
// The test plays the other services: [Platform.Publish] sends an event as their relays do, and [Platform.Serve]
// answers their methods. Callers have real access tokens. An IdentityService of this package knows the callers,
// unless the test serves "user" itself.
package servicetest
