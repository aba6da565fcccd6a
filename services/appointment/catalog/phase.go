package catalog

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	// maxKinds is how many different kinds of resources the phases of a service need at most.
	maxKinds = 3
	// minMinutes and maxMinutes bound how long all phases take together.
	minMinutes, maxMinutes = 5, 720
)

// Phase is a part of a service. Its JSON form is that of the columns phases and phases_override.
type Phase struct {
	// Wait reports whether the customer waits, and the master is free for others. Else the master works.
	Wait bool `json:"wait,omitempty"`
	// Minutes is how long the phase takes.
	Minutes int32 `json:"minutes"`
	// Kinds are the ids of the kinds of resources of which the phase takes one each; nil for none.
	Kinds []string `json:"kinds,omitempty"`
}

// EncodePhases returns the JSON form of phases, "[]" for none.
func EncodePhases(phases []Phase) (string, error) {
	if len(phases) == 0 {
		return "[]", nil
	}
	encoded, err := json.Marshal(phases)
	return string(encoded), err
}

// DecodePhases reads what [EncodePhases] has written, nil for no phases.
func DecodePhases(encoded []byte) ([]Phase, error) {
	var phases []Phase
	if err := json.Unmarshal(encoded, &phases); err != nil {
		return nil, fmt.Errorf("decode phases: %w", err)
	}
	if len(phases) == 0 {
		return nil, nil
	}
	return phases, nil
}

// minutesOf returns how long phases take together.
func minutesOf(phases []Phase) (sum int32) {
	for _, p := range phases {
		sum += p.Minutes
	}
	return sum
}

// kindsOf returns the ids of all kinds of resources that phases need, each once.
func kindsOf(phases []Phase) (kinds []string) {
	for _, p := range phases {
		for _, kind := range p.Kinds {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// checkPhases returns INVALID_FIELDS unless the first and the last of at least one phase are work, all together last 5 minutes
// to 12 hours, and they need at most three different kinds of resources. field is the field of the request.
func checkPhases(field string, phases []Phase) error {
	for _, i := range []int{0, len(phases) - 1} {
		if phases[i].Wait {
			return apierr.InvalidField(fmt.Sprintf("%s[%d].kind", field, i), "must be PHASE_KIND_WORK in the first and in the last phase")
		}
	}
	if sum := minutesOf(phases); sum < minMinutes || sum > maxMinutes {
		return apierr.InvalidField(field, fmt.Sprintf("must take %d to %d minutes together", minMinutes, maxMinutes))
	}
	known := kindsOf(phases)
	if len(known) <= maxKinds {
		return nil
	}
	return refuseKinds(field, phases, known[:maxKinds], fmt.Sprintf("must be one of at most %d different kinds", maxKinds))
}

// refuseKinds returns INVALID_FIELDS with the first kind of resources that is not among the known ones; nil when all are.
func refuseKinds(field string, phases []Phase, known []string, description string) error {
	for i, p := range phases {
		for j, kind := range p.Kinds {
			if !slices.Contains(known, kind) {
				return apierr.InvalidField(fmt.Sprintf("%s[%d].resource_kind_ids[%d]", field, i, j), description)
			}
		}
	}
	return nil
}
