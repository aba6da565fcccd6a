// Package fieldmask returns the fields that an Update request writes (AIP-134).
package fieldmask

import (
	"fmt"
	"slices"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	// maskField is the name of the mask in every Update request.
	maskField = "update_mask"
	// all is the mask of a full replacement (AIP-134).
	all = "*"
)

// control lists the fields that control an update and are not written.
var control = []protoreflect.Name{maskField, "etag", "request_id", "validate_only"}

// Controls reports whether a field of this name controls an update and is not written.
func Controls(field protoreflect.Name) bool { return slices.Contains(control, field) }

// Set is the set of the fields to write, by their proto names.
type Set map[string]struct{}

// Has reports whether the field is to be written.
func (s Set) Has(field string) bool {
	_, ok := s[field]
	return ok
}

// Write sets *to to value when the field is to be written.
func Write[T any](s Set, field string, to *T, value T) {
	if s.Has(field) {
		*to = value
	}
}

// Paths returns the fields that an Update request writes: the fields of its update_mask or, when the mask is absent
// or empty, the fields that are present (repeated fields: not empty). "*" means all fields. An empty set means that
// nothing changes.
//
// Each of these in a mask is INVALID_FIELDS: a name that is no field of the request, a part of a field, the id of
// the resource (a REQUIRED field of an Update request), a field that controls the update. Nothing of such a mask
// may be applied.
func Paths(req proto.Message) (Set, error) {
	m := req.ProtoReflect()
	mask, err := maskOf(m)
	if err != nil {
		return nil, err
	}
	fields := m.Descriptor().Fields()
	set := Set{}
	if len(mask.GetPaths()) == 0 {
		m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if updatable(f) {
				set[string(f.Name())] = struct{}{}
			}
			return true
		})
		return set, nil
	}
	for _, path := range mask.GetPaths() {
		if path == all {
			for i := range fields.Len() {
				if f := fields.Get(i); updatable(f) {
					set[string(f.Name())] = struct{}{}
				}
			}
			continue
		}
		f := fields.ByName(protoreflect.Name(path))
		if f == nil || !updatable(f) {
			return nil, apierr.InvalidField(maskField, fmt.Sprintf("%.64q cannot be updated", path))
		}
		set[path] = struct{}{}
	}
	return set, nil
}

func maskOf(m protoreflect.Message) (*fieldmaskpb.FieldMask, error) {
	f := m.Descriptor().Fields().ByName(maskField)
	if f == nil || f.Message() == nil {
		return nil, apierr.Internal(fmt.Errorf("fieldmask: %s has no %s", m.Descriptor().FullName(), maskField))
	}
	mask, ok := m.Get(f).Message().Interface().(*fieldmaskpb.FieldMask)
	if !ok {
		return nil, apierr.Internal(fmt.Errorf("fieldmask: %s is no FieldMask", f.FullName()))
	}
	return mask, nil
}

// updatable reports whether a field belongs to the resource, and does not identify it or control the update.
func updatable(f protoreflect.FieldDescriptor) bool {
	if Controls(f.Name()) {
		return false
	}
	behaviours, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return !slices.ContainsFunc(behaviours, func(b annotations.FieldBehavior) bool {
		return b == annotations.FieldBehavior_REQUIRED ||
			b == annotations.FieldBehavior_IDENTIFIER ||
			b == annotations.FieldBehavior_OUTPUT_ONLY
	})
}
