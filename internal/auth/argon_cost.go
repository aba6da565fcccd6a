package auth

// cheapHashes is "true" in a program that was linked for tests of the whole program, which make thousands of hashes. Such hashes
// protect nothing, so no setting selects them: only `go build -ldflags '-X …/internal/auth.cheapHashes=true'` does. An ordinary
// build replaces such a hash at the next sign-in.
var cheapHashes string

// defaultArgon returns the costs for production, or next to none in a program for tests.
func defaultArgon() argonParams {
	if cheapHashes == "true" {
		return argonParams{memory: 64, time: 1, threads: 1}
	}
	return argonParams{memory: 19456, time: 2, threads: 1}
}
