// Package auth knows who calls: passwords, access tokens, sessions and the credential of Salon's own services.
//
// A caller proves who they are with an access token, a JWT of ten minutes that is signed with Ed25519 (RFC 8037) and
// shaped after RFC 9068. [Verifier] checks it without asking anybody, [Sessions] asks the user service whether the
// session is still open and which role the account has now, and [Authenticator] does both: a logout or a change of
// role counts at once, whatever the token says.
//
// Services prove to each other that they are services with a [ServiceCredential], a JWT with its own key, algorithm
// and type, so that neither kind of token can pass for the other.
package auth
