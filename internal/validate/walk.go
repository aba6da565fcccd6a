package validate

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// message normalises and checks m. path is the path of m, "" for the request itself.
func (w *walk) message(m protoreflect.Message, path string) {
	p := planOf(m.Descriptor())
	if p.mask != nil && m.Has(p.mask) {
		w.fillMasked(m, p)
	}
	for _, f := range p.fields {
		if m.Has(f.desc) {
			w.field(m, f, join(path, string(f.desc.Name())))
		}
	}
	// These are identified by their Go types; a plan has no work for their content.
	if p.known {
		w.wellKnown(m.Interface(), path)
	}
}

func (w *walk) field(m protoreflect.Message, f *field, path string) {
	switch {
	case f.desc.IsMap():
		m.Get(f.desc).Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			w.key(k, path)
			at := path + "[" + mapKey(k) + "]"
			if out, changed := w.value(f, v, at); changed {
				m.Mutable(f.desc).Map().Set(k, out)
			}
			return true
		})
	case f.desc.IsList():
		list := m.Get(f.desc).List()
		// The validator checks every item of a list that is too long, which can take seconds.
		if f.maxItems > 0 && uint64(list.Len()) > f.maxItems {
			w.add(path, "must hold at most "+strconv.FormatUint(f.maxItems, 10)+" items")
			return
		}
		for i := range list.Len() {
			if out, changed := w.value(f, list.Get(i), path+"["+strconv.Itoa(i)+"]"); changed {
				list.Set(i, out)
			}
		}
	default:
		if out, changed := w.value(f, m.Get(f.desc), path); changed {
			m.Set(f.desc, out)
		}
	}
}

// value normalises and checks one value of a field. Messages are changed in place.
func (w *walk) value(f *field, v protoreflect.Value, path string) (out protoreflect.Value, changed bool) {
	switch f.value.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		w.message(v.Message(), path)
	case protoreflect.EnumKind:
		if f.value.Enum().Values().ByNumber(v.Enum()) == nil {
			w.add(path, "must be one of the defined enum values")
		}
	case protoreflect.StringKind:
		before := v.String()
		if !w.text(before, path) {
			return v, false
		}
		if after := f.form.apply(before); after != before {
			return protoreflect.ValueOfString(after), true
		}
	}
	return v, false
}

// text checks the rules for every string.
func (w *walk) text(s, path string) bool {
	switch {
	case !utf8.ValidString(s):
		w.add(path, "must be valid UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		w.add(path, "must not hold NUL")
	default:
		return true
	}
	return false
}

func (w *walk) key(k protoreflect.MapKey, path string) {
	if s, ok := k.Interface().(string); ok {
		w.text(s, path)
	}
}

func (w *walk) wellKnown(m proto.Message, path string) {
	switch m := m.(type) {
	case *timestamppb.Timestamp:
		if m.CheckValid() != nil {
			w.add(path, "must be a time between the years 0001 and 9999")
		}
	case *durationpb.Duration:
		if m.CheckValid() != nil {
			w.add(path, "must be a duration of at most 10000 years")
		}
	}
}

// fillMasked handles absent fields that update_mask names. A text becomes empty, and the rules of the field decide
// whether it may be (AIP-134). Everything else must be present: 0 and false are values that the caller did not give.
func (w *walk) fillMasked(m protoreflect.Message, p *plan) {
	mask, ok := m.Get(p.mask).Message().Interface().(*fieldmaskpb.FieldMask)
	if !ok {
		return
	}
	for _, name := range mask.GetPaths() {
		for _, f := range p.optional {
			if (name != "*" && name != string(f.Name())) || m.Has(f) {
				continue
			}
			if f.Kind() != protoreflect.StringKind {
				w.add(string(f.Name()), "must be set, since update_mask names it")
				continue
			}
			m.Set(f, f.Default())
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// mapKey formats a key as protovalidate does.
func mapKey(k protoreflect.MapKey) string {
	if s, ok := k.Interface().(string); ok {
		return strconv.Quote(s)
	}
	return k.String()
}
