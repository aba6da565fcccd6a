package validate

import (
	"strings"
	"sync"
	"unicode"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/fold"
)

// maskField is the name of the mask in every Update request.
const maskField = "update_mask"

// plan lists the work for a type of message. It is made once.
type plan struct {
	fields []*field
	// known marks the well-known types, which are checked as a whole.
	known bool
	// mask is the field update_mask, or nil.
	mask protoreflect.FieldDescriptor
	// optional are the fields with presence that update_mask cannot name without a value, and texts: absent is not the same
	// as the zero value. Fields that are clearable are left out.
	optional []protoreflect.FieldDescriptor
}

// field is a field that has strings, enums or messages. Other fields need no work.
type field struct {
	desc protoreflect.FieldDescriptor
	// value describes the values of the field: for a map, the values of the map.
	value protoreflect.FieldDescriptor
	form  form
	// maxItems bounds a list. 0 means no bound.
	maxItems uint64
}

var plans sync.Map // protoreflect.MessageDescriptor → *plan

func planOf(d protoreflect.MessageDescriptor) *plan {
	if p, ok := plans.Load(d); ok {
		return p.(*plan) //nolint:errcheck,forcetypeassert // only plans are stored
	}
	p, _ := plans.LoadOrStore(d, newPlan(d))
	return p.(*plan) //nolint:errcheck,forcetypeassert // only plans are stored
}

var (
	timestampName = (&timestamppb.Timestamp{}).ProtoReflect().Descriptor().FullName()
	durationName  = (&durationpb.Duration{}).ProtoReflect().Descriptor().FullName()
	fieldMaskName = (&fieldmaskpb.FieldMask{}).ProtoReflect().Descriptor().FullName()
)

func newPlan(d protoreflect.MessageDescriptor) *plan {
	p := &plan{known: d.FullName() == timestampName || d.FullName() == durationName}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		switch {
		case f.Name() == maskField && f.Message() != nil && f.Message().FullName() == fieldMaskName:
			p.mask = f
		case clearable(f): // absence is a value
		case f.HasPresence() && f.ContainingOneof() == nil, f.HasOptionalKeyword():
			p.optional = append(p.optional, f)
		}
		value := f
		if f.IsMap() {
			value = f.MapValue()
		}
		switch value.Kind() {
		case protoreflect.StringKind, protoreflect.EnumKind, protoreflect.MessageKind, protoreflect.GroupKind:
			p.fields = append(p.fields, &field{desc: f, value: value, form: formOf(f), maxItems: maxItems(f)})
		default:
			if f.IsMap() && f.MapKey().Kind() == protoreflect.StringKind {
				p.fields = append(p.fields, &field{desc: f, value: value})
			}
		}
	}
	return p
}

// form is the normal form of a string.
type form int

const (
	plain form = iota // without direction marks
	asIs              // a secret, to the letter
	line
	block
	lowerCase
	password
)

// formOf returns the form that the field's rules request. For a list or a map, the rules of its values count.
func formOf(f protoreflect.FieldDescriptor) form {
	rules, err := protovalidate.ResolveFieldRules(f)
	if err != nil { // the validator reports it when it checks the message
		return plain
	}
	text := rules.GetString()
	switch {
	case f.IsList():
		text = rules.GetRepeated().GetItems().GetString()
	case f.IsMap():
		text = rules.GetMap().GetValues().GetString()
	}
	options, _ := f.Options().(*descriptorpb.FieldOptions)
	switch {
	case has(text, apiv1.E_Line):
		return line
	case has(text, apiv1.E_Block):
		return block
	case has(text, apiv1.E_Secret):
		return password
	case options.GetDebugRedact():
		return asIs
	case text.GetUuid():
		return lowerCase
	}
	return plain
}

// maxItems returns the most items that the field's rules admit in a list.
func maxItems(f protoreflect.FieldDescriptor) uint64 {
	rules, err := protovalidate.ResolveFieldRules(f)
	if err != nil { // the validator reports it when it checks the message
		return 0
	}
	return rules.GetRepeated().GetMaxItems()
}

// clearable reports whether a field can be taken away by an update_mask that names it.
func clearable(f protoreflect.FieldDescriptor) bool {
	on, ok := proto.GetExtension(f.Options(), apiv1.E_Clearable).(bool)
	return ok && on
}

func has(rules *validate.StringRules, rule protoreflect.ExtensionType) bool {
	on, ok := proto.GetExtension(rules, rule).(bool)
	return ok && on
}

func (f form) apply(s string) string {
	if f != asIs && f != password {
		s = directionMarks.Replace(s)
	}
	switch f {
	case line:
		// Remove spaces only. A line break at an end stays and is refused, as everywhere in a line.
		return norm.NFC.String(strings.TrimFunc(s, isSpace))
	case block:
		return norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")))
	case lowerCase:
		return strings.ToLower(s)
	case password:
		return fold.Password(s)
	default:
		return s
	}
}

// directionMarks removes the marks LRM, RLM and ALM (Unicode UAX #9, section 2.6). They come unseen with text that is copied
// from chats, and would keep equal texts apart. Embeddings, overrides and isolates stay and are refused: they can make a
// text read as another one.
var directionMarks = strings.NewReplacer("\u200e", "", "\u200f", "", "\u061c", "")

func isSpace(r rune) bool { return unicode.Is(unicode.Zs, r) }
