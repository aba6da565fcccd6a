//go:build weakpasswords

package auth

// defaultArgon are costs for tests of the whole program, which make thousands of hashes. They protect nothing, so no
// setting selects them: only a program that was built for tests has them. An ordinary build replaces such a hash at the next
// sign-in.
var defaultArgon = argonParams{memory: 64, time: 1, threads: 1}
