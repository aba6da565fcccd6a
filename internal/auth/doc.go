// Package auth identifies callers: passwords, access tokens, sessions and the credential of Salon's own services.
//
// A caller authenticates with an access token, a JWT that is valid for ten minutes, is signed with Ed25519 (RFC
// 8037) and follows RFC 9068. [Verifier] checks the token with keys that every process derives itself. [Sessions]
// asks the database whether the session is still open and which role the account has now. [Authenticator] does
// both, so a logout or a change of role has effect at once.
//
// Services identify themselves to each other with a [ServiceCredential], a JWT with its own key, algorithm and
// type. Neither kind of token is accepted in place of the other.
package auth
