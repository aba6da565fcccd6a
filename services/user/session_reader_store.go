package user

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

// sessionQuery finds an open session with the account's role and memberships, one row for each membership and one when there
// are none. The verbs are the places of the session's id and of the time.
const sessionQuery = `
	SELECT s.user_id, u.role, m.salon_id, m.roles AS salon_roles
	FROM users.sessions s JOIN users.users u ON u.id = s.user_id LEFT JOIN users.memberships m ON m.user_id = u.id
	WHERE s.id = %s AND s.expire_time > %s AND NOT u.disabled
	ORDER BY m.create_time, m.salon_id`

// sharedFunctions are what the other services may ask the tables of this service, without this service: whether a session is
// open.
var sharedFunctions = []postgres.Function{{
	Name:       "open_session",
	Parameters: "uuid, timestamptz",
	Returns:    "TABLE (user_id uuid, role text, salon_id uuid, salon_roles text[])",
	Query:      fmt.Sprintf(sessionQuery, "$1", "$2"),
}}

// SessionReader checks sessions in the database, with the role of any service. It needs no process of the user service.
type SessionReader struct {
	db  *postgres.DB
	now func() time.Time
}

// NewSessionReader returns a reader that calls the shared function over db, the database of any service.
func NewSessionReader(db *postgres.DB, now func() time.Time) *SessionReader {
	return &SessionReader{db: db, now: now}
}

// CheckSession returns whose session it is, with the account's role and memberships as of now. NOT_FOUND means that the session
// has ended, or that the account is disabled.
func (r *SessionReader) CheckSession(ctx context.Context, req *userv1.CheckSessionRequest, _ ...grpc.CallOption) (*userv1.CheckSessionResponse, error) {
	var rows []openSessionRow
	err := r.db.Conn(ctx).Raw("SELECT * FROM shared.open_session(?, ?)", req.GetSessionId(), r.now().UTC()).Scan(&rows).Error
	if err != nil {
		return nil, apierr.From(postgres.APIError(fmt.Errorf("check a session: %w", err)))
	}
	p, err := openSession(req.GetSessionId(), rows)
	if err != nil {
		return nil, err
	}
	return checkedToProto(p), nil
}

// Ready returns nil when the database lets the reader ask.
func (r *SessionReader) Ready(ctx context.Context) error {
	return postgres.CheckShared(ctx, r.db, sharedFunctions)
}
