package main

import (
	"fmt"
	"regexp"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// rulesOf returns what buf.validate says of a field; nil when it says nothing.
func rulesOf(fd protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// applyRules writes the rules of a field, or of a list's items, as JSON Schema. A rule that it cannot translate is an
// error, lest the document promise less than the service checks.
func applyRules(s *schema, rules *validate.FieldRules) error {
	if rules == nil {
		return nil
	}
	for _, rule := range rules.GetCel() {
		s.describe("It " + rule.GetMessage() + ".")
	}
	switch t := rules.GetType().(type) {
	case nil:
		return nil
	case *validate.FieldRules_String_:
		return applyStringRules(s, t.String_)
	case *validate.FieldRules_Int32:
		return applyNumberRules(s, t.Int32)
	case *validate.FieldRules_Double:
		return applyNumberRules(s, t.Double)
	case *validate.FieldRules_Enum:
		return applyEnumRules(t.Enum)
	case *validate.FieldRules_Repeated:
		return applyListRules(s, t.Repeated)
	default:
		return fmt.Errorf("the document cannot express rules of type %T", t)
	}
}

// wellKnown are the formats of strings, by the rule's name.
var wellKnown = map[protoreflect.Name]string{"email": "email", "uuid": "uuid", "uri": "uri"}

// stringOptions are the rules that Salon adds to those of buf.validate, and what the document says of them.
var stringOptions = map[protoreflect.FullName]string{
	apiv1.E_Line.TypeDescriptor().FullName():    "One line of text.",
	apiv1.E_Mailbox.TypeDescriptor().FullName(): "",
	apiv1.E_Block.TypeDescriptor().FullName():   "",
	apiv1.E_Secret.TypeDescriptor().FullName():  "",
}

func applyStringRules(s *schema, rules *validate.StringRules) error {
	var err error
	rules.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		text, isOption := stringOptions[fd.FullName()]
		switch {
		case isOption:
			s.describe(text)
		case fd.Name() == "min_len":
			s.MinLength = new(v.Uint())
		case fd.Name() == "max_len":
			s.MaxLength = new(v.Uint())
		case fd.Name() == "pattern":
			s.Pattern = v.String()
		case fd.Name() == "prefix":
			s.Pattern = "^" + regexp.QuoteMeta(v.String())
		case fd.Name() == "in":
			s.Enum = nonEmpty(rules.GetIn())
		case fd.Name() == "example":
			s.Examples = []any{rules.GetExample()[0]}
		case wellKnown[fd.Name()] != "":
			s.Format = wellKnown[fd.Name()]
		default:
			err = fmt.Errorf("the document cannot express string.%s", fd.Name())
		}
		return err == nil
	})
	return err
}

// nonEmpty leaves out the empty string: over REST, a parameter that is not wanted is not sent.
func nonEmpty(values []string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

func applyNumberRules(s *schema, rules proto.Message) error {
	var err error
	rules.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch fd.Name() {
		case "gte":
			s.Minimum = number(v)
		case "gt":
			s.ExclusiveMinimum = number(v)
		case "lte":
			s.Maximum = number(v)
		case "lt":
			s.ExclusiveMaximum = number(v)
		case "finite": // JSON has no other numbers
		case "example":
			s.Examples = []any{v.List().Get(0).Interface()}
		default:
			err = fmt.Errorf("the document cannot express %s", fd.FullName())
		}
		return err == nil
	})
	return err
}

func number(v protoreflect.Value) *float64 {
	switch n := v.Interface().(type) {
	case int32:
		return new(float64(n))
	case float64:
		return new(n)
	default:
		return nil
	}
}

// applyEnumRules only checks: an enum's schema has the values that are defined, without the zero one.
func applyEnumRules(rules *validate.EnumRules) error {
	if !rules.GetDefinedOnly() || len(rules.GetNotIn()) != 1 || rules.GetNotIn()[0] != 0 || len(rules.GetIn()) > 0 {
		return fmt.Errorf("the document cannot express an enum that is not {defined_only: true, not_in: 0}")
	}
	return nil
}

func applyListRules(s *schema, rules *validate.RepeatedRules) error {
	if rules.HasMinItems() {
		s.MinItems = new(rules.GetMinItems())
	}
	if rules.HasMaxItems() {
		s.MaxItems = new(rules.GetMaxItems())
	}
	s.UniqueItems = rules.GetUnique()
	return applyRules(s.Items, rules.GetItems())
}

// describe adds a sentence to the description.
func (s *schema) describe(text string) { s.Description = strings.TrimSpace(s.Description + " " + text) }
