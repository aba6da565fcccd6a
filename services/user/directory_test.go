package user

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// directory is the part of the appointment service that this service calls.
type directory struct {
	appointmentv1.UnimplementedDirectoryServiceServer

	mu        sync.Mutex
	salons    map[string]*appointmentv1.SalonEvent
	refreshed []string
	down      bool
	onRefresh func() // unless nil, called by RefreshMaster and RefreshAccount
	keeper    fakeKeeper
}

func (d *directory) register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterDirectoryServiceServer(r, d)
	appointmentv1.RegisterPersonalDataServiceServer(r, &d.keeper)
}

// LookupSalon implements appointmentv1.DirectoryServiceServer.
func (d *directory) LookupSalon(_ context.Context, req *appointmentv1.LookupSalonRequest) (*appointmentv1.LookupSalonResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, s := range d.salons {
		if id == req.GetSalonId() || req.GetSalonId() == "" && s.GetIsDefault() {
			return &appointmentv1.LookupSalonResponse{Salon: s, Version: 1}, nil
		}
	}
	return nil, apierr.NotFound("salon")
}

// RefreshMaster implements appointmentv1.DirectoryServiceServer.
func (d *directory) RefreshMaster(_ context.Context, req *appointmentv1.RefreshMasterRequest) (*emptypb.Empty, error) {
	return d.refresh("master " + req.GetMasterId())
}

// RefreshAccount implements appointmentv1.DirectoryServiceServer.
func (d *directory) RefreshAccount(_ context.Context, req *appointmentv1.RefreshAccountRequest) (*emptypb.Empty, error) {
	return d.refresh("account " + req.GetAccountId())
}

func (d *directory) refresh(what string) (*emptypb.Empty, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return nil, apierr.New(codes.Internal, apiv1.ErrorReason_ERROR_REASON_INTERNAL, "something went wrong on our side")
	}
	if d.onRefresh != nil {
		d.onRefresh()
	}
	d.refreshed = append(d.refreshed, what)
	return &emptypb.Empty{}, nil
}

func (d *directory) put(salon *appointmentv1.SalonEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.salons[salon.GetSalonId()] = salon
}

func (d *directory) setDown(down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = down
}

// took returns what was refreshed since the last call.
func (d *directory) took() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := slices.Clone(d.refreshed)
	d.refreshed = nil
	return out
}
