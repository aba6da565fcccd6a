package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// area is one ErrorReason enum, as the page about errors and the document show it.
type area struct {
	Area    string   `json:"area"`  // "appointment"; "api" for the reasons that every service may answer
	Title   string   `json:"title"` // "Accounts, sessions and masters"
	Reasons []reason `json:"reasons"`
}

// reason is one value of an ErrorReason enum.
type reason struct {
	Reason string `json:"reason"` // "SLOT_UNAVAILABLE"
	Anchor string `json:"anchor"` // "slot-unavailable": the fragment that the gateway's problems point to
	Code   string `json:"code"`   // gRPC's name of the status code, "ALREADY_EXISTS"
	Status []int  `json:"status"` // the HTTP statuses; nearly always one
	Text   string `json:"text"`   // what it means, in sentences
}

// generalArea is the area of the reasons that every service may answer.
const generalArea = "api"

// The enums' comments follow one form: "ALREADY_EXISTS: what happened.", where REST differs from what the code says
// "ABORTED (412 over REST): …", or with the note in the sentence.
var (
	reasonComment = regexp.MustCompile(`^([A-Z_]+)(?: \([^)]+\))?: (.+)$`)
	statusNote    = regexp.MustCompile(`\(([0-9]+(?: or [0-9]+)*) over REST\)`)
)

// statusClientClosedRequest is what the gateway answers, or rather logs, when the caller went away.
const statusClientClosedRequest = 499

func newArea(ed protoreflect.EnumDescriptor) (area, error) {
	a := area{Area: areaName(ed)}
	_, title, _ := strings.Cut(strings.ReplaceAll(commentOf(ed), " and of ", " and "), "the errors of ")
	if a.Title = sentence(strings.TrimSuffix(title, ".")); a.Area == generalArea {
		a.Title = "Everywhere"
	}
	for i := range ed.Values().Len() {
		vd := ed.Values().Get(i)
		if vd.Number() == 0 {
			continue
		}
		r, err := newReason(string(vd.Name()), commentOf(vd))
		if err != nil {
			return area{}, fmt.Errorf("%s: %w", vd.FullName(), err)
		}
		a.Reasons = append(a.Reasons, r)
	}
	return a, nil
}

// areaName is the part of the API that a declaration belongs to: "user" for package salon.user.v1.
func areaName(d protoreflect.Descriptor) string {
	return strings.Split(string(d.ParentFile().Package()), ".")[1]
}

func newReason(name, comment string) (reason, error) {
	m := reasonComment.FindStringSubmatch(comment)
	if m == nil {
		return reason{}, fmt.Errorf("the comment %q does not name a status code first", comment)
	}
	number, ok := code.Code_value[m[1]]
	if !ok {
		return reason{}, fmt.Errorf("%s is no status code", m[1])
	}
	name = strings.TrimPrefix(name, "ERROR_REASON_")
	r := reason{
		Reason: name,
		Anchor: strings.ReplaceAll(strings.ToLower(name), "_", "-"),
		Code:   m[1],
		Status: []int{runtime.HTTPStatusFromCode(codes.Code(number))},
		Text:   sentence(strings.TrimSpace(strings.ReplaceAll(statusNote.ReplaceAllString(m[2], ""), " .", "."))),
	}
	if codes.Code(number) == codes.Canceled {
		r.Status = []int{statusClientClosedRequest}
	}
	if note := statusNote.FindStringSubmatch(comment); note != nil {
		r.Status = nil
		for s := range strings.SplitSeq(note[1], " or ") {
			status, err := strconv.Atoi(s)
			if err != nil || http.StatusText(status) == "" {
				return reason{}, fmt.Errorf("%q is no HTTP status", s)
			}
			r.Status = append(r.Status, status)
		}
	}
	return r, nil
}

// checkUnique makes sure that a reason alone says what happened: REST does not show its area.
func (c *contract) checkUnique() error {
	seen := map[string]string{}
	for _, a := range c.areas {
		for _, r := range a.Reasons {
			if other, ok := seen[r.Reason]; ok {
				return fmt.Errorf("the reason %s exists in %s and in %s", r.Reason, other, a.Area)
			}
			seen[r.Reason] = a.Area
		}
	}
	return nil
}

// sentence gives a text its capital letter.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
