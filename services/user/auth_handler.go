package user

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// tokenType is how the access token is sent (RFC 6750).
	tokenType = "Bearer"
	// anonymous is the caller of a method that needs nobody to be signed in.
	anonymous = "anonymous"
)

// authHandler answers salon.user.v1.AuthService.
type authHandler struct {
	userv1.UnimplementedAuthServiceServer
	*Service
}

// Register makes a customer's account.
func (h *authHandler) Register(ctx context.Context, req *userv1.RegisterRequest) (*userv1.User, error) {
	if err := CheckPassword("password", req.GetPassword(), req.GetEmail()); err != nil {
		return nil, err
	}
	// Before the transaction: it takes tens of milliseconds, and perhaps a queue.
	hash, err := h.passwords.Hash(ctx, req.GetPassword())
	if err != nil {
		return nil, err
	}
	key := idempotency.Key{Caller: anonymous, Method: userv1.AuthService_Register_FullMethodName, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*userv1.User, error) {
		id, err := newID()
		if err != nil {
			return nil, err
		}
		a := NewAccount(id, req.GetEmail(), req.GetDisplayName(), req.GetPhone(), apiv1.Role_ROLE_CUSTOMER, h.deps.Time())
		if err := h.store.in(tx).createAccount(ctx, a, hash); err != nil {
			return nil, err
		}
		return toUser(a), nil
	})
}

// RefreshSession exchanges a refresh token for a new pair.
func (h *authHandler) RefreshSession(ctx context.Context, req *userv1.RefreshSessionRequest) (*userv1.TokenPair, error) {
	token := NewRefreshToken()
	out, err := h.store.refreshSession(ctx, req.GetRefreshToken(), token, h.deps.Time())
	if err != nil {
		return nil, err
	}
	if out.reused {
		h.log.Warn().Str("session_id", out.session.ID).Str("user_id", out.session.UserID).
			Msg("a refresh token was used twice; its session is ended")
		h.ended(out.session.UserID, out.session.ID)
		return nil, ErrRefreshTokenInvalid
	}
	return h.tokenPair(out.account, out.session, token)
}

func (h *authHandler) tokenPair(a Account, s Session, refreshToken string) (*userv1.TokenPair, error) {
	access, _, err := h.issuer.Issue(auth.Principal{UserID: a.ID, Role: a.Role, SessionID: s.ID})
	if err != nil {
		return nil, err
	}
	return &userv1.TokenPair{
		AccessToken:       access,
		TokenType:         tokenType,
		ExpiresIn:         int32(auth.AccessTokenTTL / time.Second),
		RefreshToken:      refreshToken,
		RefreshExpireTime: timestamppb.New(s.ExpireTime),
		User:              toUser(a),
	}, nil
}

// Logout ends the session of a refresh token.
func (h *authHandler) Logout(ctx context.Context, req *userv1.LogoutRequest) (*emptypb.Empty, error) {
	userID, sessionID, err := h.store.deleteSessionOfToken(ctx, req.GetRefreshToken())
	if err != nil {
		return nil, err
	}
	if sessionID != "" {
		h.ended(userID, sessionID)
	}
	return &emptypb.Empty{}, nil
}

// GetJwks publishes the keys that access tokens are signed with.
func (h *authHandler) GetJwks(context.Context, *userv1.GetJwksRequest) (*userv1.Jwks, error) {
	return h.issuer.JWKS(), nil
}

// ChangePassword sets a new password and ends all other sessions.
func (h *authHandler) ChangePassword(ctx context.Context, req *userv1.ChangePasswordRequest) (*emptypb.Empty, error) {
	p := auth.Caller(ctx)
	account, current, err := h.store.accountByID(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	if err := CheckPassword("new_password", req.GetNewPassword(), account.Email); err != nil {
		return nil, err
	}
	ok, err := h.verify(ctx, account.Email, current.hash, req.GetCurrentPassword())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrCurrentPasswordWrong
	}
	hash, err := h.passwords.Hash(ctx, req.GetNewPassword())
	if err != nil {
		return nil, err
	}
	err = h.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		st := h.store.in(tx)
		_, stored, err := st.lockAccount(ctx, p.UserID)
		if err != nil {
			return err
		}
		if stored.version != current.version { // another change was faster
			return ErrCurrentPasswordWrong
		}
		if err := st.setPassword(ctx, p.UserID, credential{hash: hash, version: stored.version + 1}); err != nil {
			return err
		}
		return st.deleteSessionsOf(ctx, p.UserID, p.SessionID)
	})
	if err != nil {
		return nil, err
	}
	// Drops the caller's own session from memory too; it is read again.
	h.ended(p.UserID, "")
	return &emptypb.Empty{}, nil
}
