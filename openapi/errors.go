package openapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// The explanations of the errors, taken from the comments in the contract.
//
//go:embed errors.json
var errorsJSON []byte

// errorArea is a group of reasons in errors.json.
type errorArea struct {
	Area    string   `json:"area"`
	Title   string   `json:"title"`
	Reasons []Reason `json:"reasons"`
}

// Reason explains a value of an ErrorReason enum.
type Reason struct {
	// Reason is the name as it is sent, such as "SLOT_UNAVAILABLE".
	Reason string `json:"reason"`
	// Anchor is the fragment of the page about errors that explains it: "slot-unavailable".
	Anchor string `json:"anchor"`
	// Code is the name of the gRPC code that it comes with, such as "ALREADY_EXISTS".
	Code string `json:"code"`
	// Status has the HTTP statuses that it comes with; nearly always there is one.
	Status []int `json:"status"`
	// Text says what it means, in sentences.
	Text string `json:"text"`
}

// Reasons returns all reasons of the contract by name.
func Reasons() map[string]Reason {
	reasons := map[string]Reason{}
	for _, a := range errorAreas() {
		for _, r := range a.Reasons {
			reasons[r.Reason] = r
		}
	}
	return reasons
}

func errorAreas() []errorArea {
	var areas []errorArea
	if err := json.Unmarshal(errorsJSON, &areas); err != nil {
		panic(fmt.Errorf("openapi: errors.json: %w", err)) // it is part of the program
	}
	return areas
}
