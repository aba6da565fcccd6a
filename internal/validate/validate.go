// Package validate makes sure that a request keeps the rules of the contract. It first brings texts into the form that
// is checked and stored, then applies the rules of buf.validate and those that hold for every message of Salon.
package validate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/internal/apierr"
)

// maxViolations bounds how many fields an answer blames: details travel in the trailers of a call, and clients accept
// as little as 8 KiB of those.
const maxViolations = 16

// validator is shared: it compiles the rules of a message once, on its first use.
var validator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// violation is a field that breaks a rule. The field is a path of proto names, such as "segments[0].master_id".
type violation struct {
	field, description string
}

// Message normalises m in place and checks it. It returns INVALID_FIELDS with every bad field, up to a bound, or
// INTERNAL when a rule of the contract cannot be applied.
//
// Normalised are strings with our rule `line` (spaces around them removed, Unicode normalisation form C) or `block`
// (the same for white space, and CR LF becomes LF), and those with the rule `uuid` (lower case). A field without a value
// that the request's update_mask names gets its zero value, so that the rules say whether it may be cleared.
//
// Besides the contract's rules, every string must be UTF-8 without NUL, which PostgreSQL cannot store, every enum value
// must be one that the contract names, and times and durations must be in the range that protobuf defines.
func Message(m proto.Message) error {
	w := walk{}
	w.message(m.ProtoReflect(), "")
	if len(w.violations) > 0 {
		// The contract's rules are expressions over texts and times; what is neither would be a fault in them.
		return w.err()
	}
	v, err := validator()
	if err != nil {
		return apierr.Internal(fmt.Errorf("validate: %w", err))
	}
	if err := v.Validate(m); err != nil {
		var broken *protovalidate.ValidationError
		if !errors.As(err, &broken) {
			return apierr.Internal(fmt.Errorf("validate: %s: %w", m.ProtoReflect().Descriptor().FullName(), err))
		}
		for _, b := range broken.Violations {
			w.add(blame(m.ProtoReflect().Descriptor(), b))
		}
	}
	return w.err()
}

// walk goes through a message, normalises it and collects what is wrong with it.
type walk struct {
	violations []violation
}

func (w *walk) add(field, description string) {
	if len(w.violations) < maxViolations {
		w.violations = append(w.violations, violation{field, description})
	}
}

func (w *walk) err() error {
	if len(w.violations) == 0 {
		return nil
	}
	e := apierr.InvalidField(w.violations[0].field, w.violations[0].description)
	for _, v := range w.violations[1:] {
		e = e.WithField(v.field, v.description)
	}
	return e
}

// blame returns the path of the field that a violation is about, and a sentence about it.
func blame(request protoreflect.MessageDescriptor, v *protovalidate.Violation) (field, description string) {
	field = protovalidate.FieldPathString(v.Proto.GetField())
	// "value must be a valid UUID" is said of the field: "must be a valid UUID".
	text := strings.TrimPrefix(v.Proto.GetMessage(), "value ")
	switch v.Proto.GetRuleId() {
	case "enum.not_in": // our contract forbids only 0 that way
		text = "must be specified"
	case "repeated.unique":
		text = "must not hold the same value twice"
	case "string.min_len":
		if v.RuleValue.Uint() == 1 {
			text = "must not be empty"
		}
	case "string.in":
		text = "must be " + choices(v.RuleValue.List())
	case "string.pattern":
		text = "must look like " + strconv.Quote(example(v.FieldDescriptor))
	}
	// A rule over several fields belongs to none. Ours begin with the name of the one that should change.
	if field == "" {
		first, rest, _ := strings.Cut(text, " ")
		if request.Fields().ByName(protoreflect.Name(first)) != nil {
			return first, rest
		}
	}
	return field, text
}

// choices lists the texts that a field may have, as people would.
func choices(values protoreflect.List) string {
	var quoted []string
	for i := range values.Len() {
		if text := values.Get(i).String(); text != "" { // to leave it out is always possible
			quoted = append(quoted, strconv.Quote(text))
		}
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// example is what the contract gives as an example of a field. Patterns are for programs; people want to see one.
func example(field protoreflect.FieldDescriptor) string {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	if examples := rules.GetString().GetExample(); len(examples) > 0 {
		return examples[0]
	}
	return ""
}
