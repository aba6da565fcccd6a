package rpc_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc/metadata"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/rpc"
)

// TestChanged: what may have changed something for somebody who is signed in is told before the answer, whatever became of it.
func TestChanged(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	cfg := rpc.ServerConfig{Changed: func(_ context.Context, userID string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, userID)
	}}
	var outcome func() error
	m := &masters{create: func(context.Context, *userv1.CreateMasterRequest) (*userv1.Master, error) {
		return &userv1.Master{}, outcome()
	}}
	inBoth(t, cfg, m, func(t *testing.T, e *env) {
		want := func(when string, users ...string) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, users) {
				t.Errorf("%s: told of %v, want %v", when, told, users)
			}
			told = nil
		}
		as := func(who string) context.Context {
			return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+who)
		}
		create := func(ctx context.Context, result func() error) {
			outcome = result
			_, _ = e.masters().CreateMaster(ctx, &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"})
		}
		done := func() error { return nil }
		create(as("admin"), done)
		want("a change", "user-admin")
		create(as("admin"), func() error { return errors.New("the connection was lost") })
		want("a failure", "user-admin")
		create(as("admin"), func() error { panic("a defect") })
		want("a panic", "user-admin")
		create(as("customer"), done)
		want("a refusal")
		create(t.Context(), done)
		want("nobody")
		if _, err := e.masters().GetMaster(as("admin"), &userv1.GetMasterRequest{MasterId: someID}); err != nil {
			t.Error(err)
		}
		want("a read")
	})
}
