package main

import (
	"context"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/rpc"
)

const (
	// freshToken is for how long, beyond the age of replicas, a new access token makes its calls read from the primary: what the caller did
	// before signing in has no account yet. It covers clocks that differ.
	freshToken = 10 * time.Second
	// recordTime bounds the recording of a position.
	recordTime = time.Second
)

// replicas is the configuration of the standbys of a service.
func (a *app) replicas(cfg appConfig) postgres.Replicas {
	return postgres.Replicas{URLs: cfg.DatabaseReplicaURLs, MaxAge: cfg.DatabaseReplicaMaxAge, Seen: a.seen}
}

// seen returns up to which position the call must see changes: those of its caller. It is false when the call must see everything: it changes
// something, is one of our own services', or the caller's position is not known.
func (a *app) seen(ctx context.Context) (postgres.Position, bool) {
	if !rpc.IsRead(ctx) {
		return 0, false
	}
	caller, signedIn := auth.FromContext(ctx)
	if !signedIn {
		return 0, true
	}
	if a.now().Sub(caller.TokenTime) < a.replicaMaxAge+freshToken {
		return 0, false
	}
	position, known := a.positions.Get(ctx, caller.UserID)
	return postgres.Position(position), known
}

// changed records that an account has changed something, before it is told so. Where that cannot be recorded, the answer waits until no
// replica is read that lacks the change.
func (a *app) changed(ctx context.Context, userID string) {
	ctx = context.WithoutCancel(ctx)
	recording, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	db := a.databases[a.names[0]] // all services share a server
	position, err := db.Position(recording)
	if err == nil {
		err = a.positions.Put(recording, userID, int64(position))
	}
	if err != nil {
		db.AwaitReplicas(ctx)
	}
}
