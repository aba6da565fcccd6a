package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// use is who sends a message: the client, the API, or both.
type use int

const (
	inRequest use = 1 << iota
	inResponse
)

const schemaRef = "#/components/schemas/"

// findUses records, for every message and enum that REST shows, who sends it.
func (b *builder) findUses() {
	for _, m := range b.contract.methods {
		for i := range m.desc.Input().Fields().Len() {
			b.findFieldUses(m.desc.Input().Fields().Get(i), inRequest)
		}
		b.findMessageUses(m.desc.Output(), inResponse)
	}
}

func (b *builder) findMessageUses(md protoreflect.MessageDescriptor, u use) {
	if wellKnownType(md) || b.uses[md.FullName()]&u != 0 {
		return
	}
	b.uses[md.FullName()] |= u
	b.types[md.FullName()] = md
	for i := range md.Fields().Len() {
		b.findFieldUses(md.Fields().Get(i), u)
	}
}

func (b *builder) findFieldUses(fd protoreflect.FieldDescriptor, u use) {
	if ed := fd.Enum(); ed != nil {
		b.uses[ed.FullName()] |= u
		b.types[ed.FullName()] = ed
		b.zeroes[ed.FullName()] = b.zeroes[ed.FullName()] || isSet(fd, apiv1.E_MayBeAbsent)
	}
	if md := fd.Message(); md != nil {
		b.findMessageUses(md, u)
	}
}

// wellKnownType reports whether JSON has a form of its own for a message, as it has for Timestamp.
func wellKnownType(md protoreflect.MessageDescriptor) bool {
	return md.ParentFile().Package() == "google.protobuf"
}

// addComponents writes the schemas of all messages and enums that REST shows.
func (b *builder) addComponents() error {
	for name, d := range b.types {
		raw, ok := b.raw.Components.Schemas.get(string(name))
		if !ok {
			return fmt.Errorf("the plugin's document lacks a schema of %s", name)
		}
		var err error
		switch d := d.(type) {
		case protoreflect.EnumDescriptor:
			err = b.addSchema(d, enumSchema(d, b.zeroes[name]))
		case protoreflect.MessageDescriptor:
			err = b.addMessage(d, raw, b.uses[name], func(protoreflect.FieldDescriptor) bool { return true })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addSchema adds a schema under the short name of its type, and refuses a second type of that name.
func (b *builder) addSchema(d protoreflect.Descriptor, s *schema) error {
	name := string(d.Name())
	if _, taken := b.doc.Components.Schemas.get(name); taken {
		return fmt.Errorf("two types are called %s", name)
	}
	b.doc.Components.Schemas.set(name, s)
	return nil
}

// addMessage adds the schema of a message, with the fields that shown admits.
func (b *builder) addMessage(md protoreflect.MessageDescriptor, raw *schema, u use,
	shown func(protoreflect.FieldDescriptor) bool,
) error {
	s := &schema{Type: "object", Description: withoutSubject(string(md.Name()), raw.Description)}
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if !shown(fd) {
			continue
		}
		rawField, ok := raw.Properties.get(fd.JSONName())
		if !ok {
			return fmt.Errorf("the plugin's document lacks %s", fd.FullName())
		}
		field, err := newField(fd, rawField, u)
		if err != nil {
			return fmt.Errorf("%s: %w", fd.FullName(), err)
		}
		s.Properties.set(fd.JSONName(), field)
		if required(fd, u) {
			s.Required = append(s.Required, fd.JSONName())
		}
	}
	if u == inRequest {
		s.AdditionalProperties = new(false) // the gateway refuses fields that it does not know
	}
	return b.addSchema(md, s)
}

// newField completes the plugin's schema of a field, or of a parameter.
func newField(fd protoreflect.FieldDescriptor, raw *schema, u use) (*schema, error) {
	s := *raw
	if len(s.AllOf) == 1 { // the plugin's way to describe a reference; since OpenAPI 3.1 the reference itself can be
		s.Ref, s.AllOf = s.AllOf[0].Ref, nil
	}
	s.Ref = shortRef(s.Ref)
	if s.Items != nil {
		items := *s.Items
		items.Ref = shortRef(items.Ref)
		s.Items = &items
	}
	s.Description = restText(raw.Description)
	s.ReadOnly = hasBehavior(fd, annotations.FieldBehavior_OUTPUT_ONLY)
	s.WriteOnly = hasBehavior(fd, annotations.FieldBehavior_INPUT_ONLY)
	if u&inRequest != 0 {
		if err := applyRules(&s, rulesOf(fd)); err != nil {
			return nil, err
		}
		// Without presence, a text that must be there must not be empty.
		if rules := rulesOf(fd); rules.GetString() != nil && rules.GetRequired() && !fd.HasPresence() && s.MinLength == nil &&
			s.Format == "" && s.Pattern == "" {
			s.MinLength = new(uint64(1))
		}
		if header := headerOf(fd); header != "" {
			s.describe("The header " + header + " says the same.")
		}
		if md := fd.Message(); md != nil && md.FullName() == "google.protobuf.FieldMask" {
			s.describe("Names of fields, separated by commas.")
		}
	}
	if opts, _ := fd.Options().(*descriptorpb.FieldOptions); s.WriteOnly && opts.GetDebugRedact() {
		s.Format = "password"
	}
	if u == inResponse && isID(fd) && !isSet(fd, apiv1.E_MayBeAbsent) && !isSet(fd, apiv1.E_Personal) {
		s.Format = "uuid"
	}
	return &s, nil
}

// required says what a client can rely on. In a request, what the contract calls required; in an answer, every field,
// since the gateway writes all of them, but those that the contract says may be absent.
func required(fd protoreflect.FieldDescriptor, u use) bool {
	if u&inRequest != 0 {
		return hasBehavior(fd, annotations.FieldBehavior_REQUIRED) || rulesOf(fd).GetRequired()
	}
	return !fd.HasOptionalKeyword() && (fd.Message() == nil || fd.IsList() || !isSet(fd, apiv1.E_MayBeAbsent))
}

// isSet reads an option of the contract's own.
func isSet(fd protoreflect.FieldDescriptor, option protoreflect.ExtensionType) bool {
	set, _ := proto.GetExtension(fd.Options(), option).(bool)
	return set
}

// isID reports whether a field holds the id of one of Salon's things, which is a UUID.
func isID(fd protoreflect.FieldDescriptor) bool {
	return fd.Kind() == protoreflect.StringKind && (fd.Name() == "id" || strings.HasSuffix(string(fd.Name()), "_id"))
}

func hasBehavior(fd protoreflect.FieldDescriptor, want annotations.FieldBehavior) bool {
	behaviors, _ := proto.GetExtension(fd.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, want)
}

// enumSchema lists an enum's values with their comments, the zero value only where somebody may meet it.
func enumSchema(ed protoreflect.EnumDescriptor, withZero bool) *schema {
	s := &schema{Type: "string", Description: withoutSubject(string(ed.Name()), commentOf(ed))}
	for i := range ed.Values().Len() {
		vd := ed.Values().Get(i)
		comment := restText(commentOf(vd))
		if vd.Number() == 0 && !withZero {
			continue
		}
		s.Enum = append(s.Enum, string(vd.Name()))
		if len(s.Enum) == 1 {
			s.Description += "\n"
		}
		s.Description += "\n- `" + string(vd.Name()) + "`: " + comment
	}
	return s
}

// shortRef names a component as the document does: Master for salon.user.v1.Master.
func shortRef(ref string) string {
	if ref == "" {
		return ""
	}
	return schemaRef + ref[strings.LastIndexAny(ref, "./")+1:]
}
