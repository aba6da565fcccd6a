package idempotency

import (
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// treeType is a message that contains a secret and others of its kind in every way a
// field can.
func treeType(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	file := &descriptorpb.FileDescriptorProto{}
	err := prototext.Unmarshal([]byte(`
		name: "tree.proto" syntax: "proto3"
		message_type {
			name: "Tree"
			field { name: "name"   number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
			field { name: "secret" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL options { debug_redact: true } }
			field { name: "one"    number: 3 type: TYPE_MESSAGE type_name: ".Tree" label: LABEL_OPTIONAL }
			field { name: "many"   number: 4 type: TYPE_MESSAGE type_name: ".Tree" label: LABEL_REPEATED }
			field { name: "keyed"  number: 5 type: TYPE_MESSAGE type_name: ".Tree.KeyedEntry" label: LABEL_REPEATED }
			field { name: "words"  number: 6 type: TYPE_MESSAGE type_name: ".Tree.WordsEntry" label: LABEL_REPEATED }
			field { name: "list"   number: 7 type: TYPE_STRING label: LABEL_REPEATED }
			field { name: "hidden" number: 8 type: TYPE_MESSAGE type_name: ".Tree" label: LABEL_OPTIONAL options { debug_redact: true } }
			nested_type {
				name: "KeyedEntry" options { map_entry: true }
				field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
				field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".Tree" label: LABEL_OPTIONAL }
			}
			nested_type {
				name: "WordsEntry" options { map_entry: true }
				field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
				field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
			}
		}`), file)
	if err != nil {
		t.Fatal(err)
	}
	descriptor, err := protodesc.NewFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return descriptor.Messages().ByName("Tree")
}

func TestWithoutSecretsReachesEveryField(t *testing.T) {
	t.Parallel()
	descriptor := treeType(t)
	parse := func(text string) proto.Message {
		m := dynamicpb.NewMessage(descriptor)
		if err := prototext.Unmarshal([]byte(text), m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	full := parse(`
		name: "a" secret: "s" list: "l" words { key: "w" value: "v" } hidden { name: "h" }
		one { name: "b" secret: "s" one { secret: "s" } }
		many { name: "c" secret: "s" } many { secret: "s" }
		keyed { key: "k" value { name: "d" secret: "s" } }`)
	before := proto.Clone(full)
	want := parse(`
		name: "a" list: "l" words { key: "w" value: "v" }
		one { name: "b" one {} }
		many { name: "c" } many {}
		keyed { key: "k" value { name: "d" } }`)
	if got := withoutSecrets(full); !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !proto.Equal(full, before) {
		t.Error("the original was changed")
	}
}
