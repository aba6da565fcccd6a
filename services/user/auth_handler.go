package user

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/internal/rpc"
)

const (
	// tokenType is how the access token is sent (RFC 6750).
	tokenType = "Bearer"
	// anonymous is the caller in idempotency keys of methods without a signed-in caller.
	anonymous = "anonymous"
)

// authHandler implements salon.user.v1.AuthService.
type authHandler struct {
	userv1.UnimplementedAuthServiceServer
	*Service
}

// Register makes a customer's account.
func (h *authHandler) Register(ctx context.Context, req *userv1.RegisterRequest) (*userv1.User, error) {
	if err := CheckPassword("password", req.GetPassword(), req.GetEmail()); err != nil {
		return nil, err
	}
	// Outside of the transaction: hashing takes tens of milliseconds and may wait in a queue.
	hash, err := h.passwords.Hash(ctx, req.GetPassword())
	if err != nil {
		return nil, err
	}
	key := idempotency.Key{Caller: anonymous, Method: userv1.AuthService_Register_FullMethodName, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*userv1.User, error) {
		a := NewAccount(id.New(), req.GetEmail(), req.GetDisplayName(), req.GetPhone(), apiv1.Role_ROLE_CUSTOMER, h.deps.Time())
		if err := h.store.In(tx).CreateAccount(ctx, a, hash); err != nil {
			return nil, err
		}
		return userToProto(a, nil), nil
	})
}

// RefreshSession exchanges a refresh token for a new pair.
func (h *authHandler) RefreshSession(ctx context.Context, req *userv1.RefreshSessionRequest) (*userv1.TokenPair, error) {
	token := NewRefreshToken()
	out, err := h.store.RefreshSession(ctx, req.GetRefreshToken(), token, h.deps.Time())
	if err != nil {
		return nil, err
	}
	if out.Reused {
		h.log.Warn().Str("session_id", out.Session.ID).Str("user_id", out.Session.UserID).
			Msg("a refresh token was used again; its session has ended")
		h.ended(out.Session.UserID, out.Session.ID)
		return nil, ErrRefreshTokenInvalid
	}
	return h.tokenPair(ctx, out.Account, out.Session, token)
}

// tokenPair returns a new access token of a session, with the refresh token.
func (h *authHandler) tokenPair(ctx context.Context, a Account, s Session, refreshToken string) (*userv1.TokenPair, error) {
	user, err := h.user(ctx, a)
	if err != nil {
		return nil, err
	}
	access, _, err := h.issuer.Issue(auth.Principal{UserID: a.ID, Role: a.Role, SessionID: s.ID})
	if err != nil {
		return nil, err
	}
	return &userv1.TokenPair{
		AccessToken:       access,
		TokenType:         tokenType,
		ExpiresIn:         int32(auth.AccessTokenTTL / time.Second),
		RefreshToken:      refreshToken,
		RefreshExpireTime: protoconv.Timestamp(s.ExpireTime),
		User:              user,
	}, nil
}

// Logout ends the session of a refresh token.
func (h *authHandler) Logout(ctx context.Context, req *userv1.LogoutRequest) (*emptypb.Empty, error) {
	userID, sessionID, err := h.store.DeleteSessionOfToken(ctx, req.GetRefreshToken())
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

// ChangePassword sets a new password and ends all other sessions. Only the caller's network
// stays one that the account has signed in from.
func (h *authHandler) ChangePassword(ctx context.Context, req *userv1.ChangePasswordRequest) (*emptypb.Empty, error) {
	caller := auth.Caller(ctx)
	account, current, err := h.store.Account(ctx, caller.UserID)
	if err != nil {
		return nil, err
	}
	if err := CheckPassword("new_password", req.GetNewPassword(), account.Email); err != nil {
		return nil, err
	}
	address := rpc.ClientIP(ctx)
	ok, _, err := h.verify(ctx, changeCeilings(account.Email, address), current.Hash, req.GetCurrentPassword())
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
	err = h.store.inTx(ctx, func(st *Store) error {
		_, stored, err := st.LockAccount(ctx, caller.UserID)
		if err != nil {
			return err
		}
		if stored.Version != current.Version { // another change came first
			return ErrCurrentPasswordWrong
		}
		if err := st.SetPassword(ctx, caller.UserID, Credential{Hash: hash, Version: stored.Version + 1}); err != nil {
			return err
		}
		// Whoever else knew the old password may have signed in from another network.
		if err := st.ForgetNetworks(ctx, caller.UserID); err != nil {
			return err
		}
		if err := st.RememberNetwork(ctx, caller.UserID, networkOf(address), h.deps.Time()); err != nil {
			return err
		}
		return st.DeleteSessionsOf(ctx, caller.UserID, caller.SessionID)
	})
	if err != nil {
		return nil, err
	}
	// This drops the caller's own session from memory too. The next call reads it again.
	h.ended(caller.UserID, "")
	return &emptypb.Empty{}, nil
}
