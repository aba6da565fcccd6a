// Package e2e contains the tests of the whole system: the real program, called from outside.
package e2e
