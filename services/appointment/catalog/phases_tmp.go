package catalog

import "encoding/json"

// Phase is a part of a service.
type Phase struct {
	Wait    bool     `json:"wait,omitempty"`
	Minutes int32    `json:"minutes"`
	Kinds   []string `json:"kinds,omitempty"`
}

// DecodePhases reads a column of phases.
func DecodePhases(text json.RawMessage) ([]Phase, error) {
	var p []Phase
	if len(text) == 0 {
		return nil, nil
	}
	return p, json.Unmarshal(text, &p)
}

// ResolvePhases returns the phases of an offering.
func ResolvePhases(own []Phase, ownMinutes *int32, general []Phase, minutes int32) []Phase {
	if len(own) > 0 {
		return own
	}
	if ownMinutes != nil {
		p := Phase{Minutes: *ownMinutes}
		if len(general) == 1 {
			p.Kinds = general[0].Kinds
		}
		return []Phase{p}
	}
	if len(general) > 0 {
		return general
	}
	return []Phase{{Minutes: minutes}}
}
