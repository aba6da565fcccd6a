// Package validate checks that a request follows the rules of the contract. It first normalises texts, then applies
// the rules of buf.validate and the rules for every message of Salon.
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

// validator is shared: it compiles the rules of a message once, on its first use.
var validator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// Message normalises m in place and checks it. It returns INVALID_FIELDS with the invalid fields, or INTERNAL when a rule of the contract cannot be applied.
//
// Direction marks (U+200E, U+200F, U+061C) are removed from every string but secrets. It normalises strings with our rule
// `line` (spaces around them removed, Unicode normalisation form C), `block` (the same for white space, and CR LF becomes
// LF), `secret` (see [fold.Password]) or `uuid` (lower case). A text without a value that the request's update_mask names
// becomes empty, so that the rules decide whether it may be cleared; any other field that the mask names must have a value,
// except those that the contract declares clearable.
//
// In addition to the contract's rules, every string must be UTF-8 without NUL, which PostgreSQL cannot store, every
// enum value must be named in the contract, and times and durations must be in the range that protobuf defines.
func Message(m proto.Message) error {
	w := walk{}
	w.message(m.ProtoReflect(), "")
	if w.invalid != nil {
		// The contract's rules are expressions over texts and times. Invalid texts and times would be errors of the
		// rules.
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
			w.add(describe(m.ProtoReflect().Descriptor(), b))
		}
	}
	return w.err()
}

// walk normalises a message and collects its invalid fields.
type walk struct {
	invalid *apierr.Error // nil while all fields are valid
}

// add records that a field breaks a rule. The field is a path of proto names, such as "segments[0].master_id".
func (w *walk) add(field, description string) {
	if w.invalid == nil {
		w.invalid = apierr.InvalidField(field, description)
		return
	}
	w.invalid = w.invalid.WithField(field, description)
}

func (w *walk) err() error {
	if w.invalid == nil {
		return nil
	}
	return w.invalid
}

// describe returns the path of the field that a violation is about, and a sentence about the violation.
func describe(request protoreflect.MessageDescriptor, v *protovalidate.Violation) (field, description string) {
	field = protovalidate.FieldPathString(v.Proto.GetField())
	// "value must be a valid UUID" becomes "must be a valid UUID": the field is named next to it.
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
	case "required":
		if of := request.Oneofs().ByName(protoreflect.Name(field)); of != nil { // which is no field that can be written
			others := make([]string, of.Fields().Len()-1)
			for i := range others {
				others[i] = string(of.Fields().Get(i + 1).Name())
			}
			return string(of.Fields().Get(0).Name()), "must be present, or else " + strings.Join(others, " or ")
		}
	case "string.pattern":
		text = "must look like " + strconv.Quote(example(v.FieldDescriptor))
	}
	// A rule over several fields belongs to no field. Our rules begin with the name of the field to change.
	if field == "" {
		first, rest, _ := strings.Cut(text, " ")
		if request.Fields().ByName(protoreflect.Name(first)) != nil {
			return first, rest
		}
	}
	return field, text
}

// choices lists the texts that a field may have, for people.
func choices(values protoreflect.List) string {
	var quoted []string
	for i := range values.Len() {
		if text := values.Get(i).String(); text != "" { // the field may always be left out
			quoted = append(quoted, strconv.Quote(text))
		}
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// example returns the contract's example of a field. It is easier to read than a pattern.
func example(field protoreflect.FieldDescriptor) string {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	if examples := rules.GetString().GetExample(); len(examples) > 0 {
		return examples[0]
	}
	return ""
}
