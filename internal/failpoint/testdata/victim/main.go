// Victim passes two places, at which the tests have it end or not.
package main

import "github.com/beauty-salon/platform/internal/failpoint"

func main() {
	failpoint.Hit("first")
	failpoint.Hit("second")
}
