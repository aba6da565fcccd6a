// Package e2e holds the tests of the whole system: the real program, called from outside.
package e2e
