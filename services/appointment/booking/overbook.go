package booking

import (
	"slices"
	"strings"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// checkExceptions checks that the caller may override rules or overbook, where they ask for it: staff may, a master only where all of the
// chain is theirs. It returns errOverride or errOverbook, and INVALID_FIELDS where the master to overbook is open: nobody is overbooked by
// chance.
func checkExceptions(
	caller auth.Principal, actor Actor, chain []availability.Want, override *appointmentv1.RuleOverride, overbook *appointmentv1.Overbooking,
) error {
	may := actor.IsStaff() && (actor != Master || onlyBy(caller.UserID, chain))
	switch {
	case override != nil && !may:
		return errOverride
	case overbook != nil && !may:
		return errOverbook
	case overbook == nil:
		return nil
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
