package booking

import (
	"errors"
	"fmt"
	"testing"

	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestRetry: a plan that is outdated or late is made again, so often and no more; anything else ends it.
func TestRetry(t *testing.T) {
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		errs  []error // of the tries; the last one repeats
		tries int
		want  error
		late  int // the first try that knows that somebody was faster; 0: none
	}{
		"at once":            {[]error{nil}, 1, nil, 0},
		"another error":      {[]error{failed}, 1, failed, 0},
		"outdated once":      {[]error{fmt.Errorf("rules: %w", errOutdated), nil}, 2, nil, 0},
		"late, then another": {[]error{errOutdated, errLate, failed}, 3, failed, 3},
		"always outdated":    {[]error{errOutdated}, attempts, claims.ErrContention, 0},
		"always late":        {[]error{errLate}, replans, claims.ErrContention, 2},
	} {
		t.Run(name, func(t *testing.T) {
			tries, late := 0, 0
			got, err := retry(func(l bool) (string, error) {
				err := tt.errs[min(tries, len(tt.errs)-1)]
				if tries++; l && late == 0 {
					late = tries
				}
				return "done", err
			})
			if !errors.Is(err, tt.want) || tries != tt.tries || late != tt.late || err == nil && got != "done" {
				t.Errorf("%d tries, late from the %d. on, %q, %v; want %d, %d, %v", tries, late, got, err, tt.tries, tt.late, tt.want)
			}
		})
	}
}
