//go:build !weakpasswords

package auth

// defaultArgon are the costs for production.
var defaultArgon = argonParams{memory: 19456, time: 2, threads: 1}
