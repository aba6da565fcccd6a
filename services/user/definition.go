package user

import (
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/service"
)

// Definition describes this service to the program.
var Definition = service.Definition{
	Name:       "user",
	Migrations: Migrations,
	Subjects:   []string{"user", "master"},
	Calls:      keeperNames(),
	Purposes:   []string{auth.SigningPurpose},
	Shares:     sharedFunctions,
	APIs: []service.API{
		service.RESTAPI(&userv1.AuthService_ServiceDesc, userv1.NewAuthServiceClient, userv1.RegisterAuthServiceHandlerClient),
		service.RESTAPI(&userv1.UserService_ServiceDesc, userv1.NewUserServiceClient, userv1.RegisterUserServiceHandlerClient),
		service.RESTAPI(&userv1.MasterService_ServiceDesc, userv1.NewMasterServiceClient, userv1.RegisterMasterServiceHandlerClient),
		service.RESTAPI(&userv1.MemberService_ServiceDesc, userv1.NewMemberServiceClient, userv1.RegisterMemberServiceHandlerClient),
		{Desc: &userv1.IdentityService_ServiceDesc},
	},
	New: func(d service.Deps) (service.Service, error) { return New(d) },
}
