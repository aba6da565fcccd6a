package booking

import (
	"slices"
	"strings"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// checkOverbooking returns errOverbook unless staff overbook, and INVALID_FIELDS where the master to overbook is open: nobody is overbooked
// by chance. Without an overbooking it returns nil.
func checkOverbooking(o *appointmentv1.Overbooking, actor Actor, chain []availability.Want) error {
	if o == nil {
		return nil
	}
	if !actor.IsStaff() {
		return errOverbook
	}
	for i, w := range chain {
		if len(w.MasterIDs) != 1 {
			return apierr.InvalidField(segmentField(i, "master_id"), "must be present: an overbooking names its masters")
		}
	}
	return nil
}

// why is the reason that the history keeps of an override and of an overbooking.
func why(override *appointmentv1.RuleOverride, overbook *appointmentv1.Overbooking) string {
	reasons := slices.Compact([]string{override.GetReason(), overbook.GetReason()})
	return strings.TrimSpace(strings.Join(reasons, "\n"))
}
