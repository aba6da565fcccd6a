package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// listing is a list that somebody asks for, and what it has to hold.
type listing struct {
	name   string
	as     salontest.Identity
	method string
	req    proto.Message
	want   string // names of what was made, in order: "early late"
}

// listed is what a test has made, by id: the name that its listings give it.
type listed map[string]string

// want asks for lists over both protocols, each at once and in pages of two, which have to keep to the filters and to the
// order of the whole.
func (names listed) want(t *testing.T, s *salontest.System, rows []listing) {
	t.Helper()
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				for _, size := range []int32{0, 2} {
					if got := names.of(t, c, row, size); got != row.want {
						t.Errorf("in pages of %d: got %q, want %q", size, got, row.want)
					}
				}
			})
		}
	})
}

// of reads a list to its end. What the test has not made is named by its id.
func (names listed) of(t *testing.T, c salontest.Caller, row listing, size int32) string {
	t.Helper()
	req := proto.Clone(row.req)
	set := func(field protoreflect.Name, value any) {
		r := req.ProtoReflect()
		r.Set(r.Descriptor().Fields().ByName(field), protoreflect.ValueOf(value))
	}
	set("page_size", size)
	var found []string
	for {
		page := salontest.Do[interface {
			proto.Message
			GetNextPageToken() string
		}](t, c, row.as, row.method, req)
		ids := idsOf(page)
		for _, id := range ids {
			name, known := names[id]
			if !known {
				name = id
			}
			found = append(found, name)
		}
		if page.GetNextPageToken() == "" {
			return strings.Join(found, " ")
		}
		if len(ids) == 0 {
			t.Fatal("a page that is not the last one is empty")
		}
		set("page_token", page.GetNextPageToken())
	}
}

// idsOf are the ids of the items of a page.
func idsOf(page proto.Message) []string {
	var ids []string
	page.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if fd.IsList() {
			id := fd.Message().Fields().ByName("id")
			for i := range value.List().Len() {
				ids = append(ids, value.List().Get(i).Message().Get(id).String())
			}
		}
		return true
	})
	return ids
}
