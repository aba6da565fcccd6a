package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// principal is somebody who asks, and the salons that they have something to do with.
type principal struct {
	name   string
	as     salontest.Identity
	salons []string
	hidden []string // texts of these salons that they may not see all the same
}

// TestIsolation calls every Get and every List of the contract, as all kinds of people and with the ids of three salons: no
// answer has a row of a salon that the caller has nothing to do with, except for what is public.
func TestIsolation(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, unlimited)
	tenants := make([]*tenant, 3)
	for i := range tenants {
		tenants[i] = newTenant(t, s, i)
	}
	ids := candidates(tenants)
	seen := map[string]bool{} // secrets that somebody of their salon has seen
	for _, p := range principals(t, s, tenants) {
		t.Run(p.name, func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
				for _, md := range publicMethods(t) {
					if name := string(md.Name()); !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") {
						continue
					}
					for _, req := range requests(t, md, ids) {
						for _, answer := range readAll(t, c, p, md, req) {
							checkAnswer(t, p, md, answer, tenants, seen)
						}
					}
				}
			})
		})
	}
	for _, tenant := range tenants {
		for what, secret := range tenant.secrets {
			if !seen[secret] {
				t.Errorf("nobody of the salon has seen %s of %s: the test does not look at it", what, tenant.salon.GetName())
			}
		}
	}
}

// unlimited lets a test's accounts call as often as they can.
var unlimited = salontest.WithArgs("--limit-user=0", "--limit-address=0", "--limit-auth=0")

// requiredDates are dates that reads need: those around the first of farDate.
var requiredDates = map[string]string{"start_date": "2100-01-01", "end_date": "2100-03-01"}

// requests are the requests of a method: with each combination of the ids in its path, and with none or one of its filters.
func requests(t *testing.T, md protoreflect.MethodDescriptor, ids map[string][]string) []proto.Message {
	t.Helper()
	list := []proto.Message{newRequest(t, md)}
	_, template := salontest.Binding(t, fullName(md))
	var filters []protoreflect.FieldDescriptor
	for i := range md.Input().Fields().Len() {
		field := md.Input().Fields().Get(i)
		if field.Name() == "page_size" {
			for _, req := range list {
				req.ProtoReflect().Set(field, protoreflect.ValueOfInt32(100))
			}
		}
		if date, required := requiredDates[string(field.Name())]; required {
			for _, req := range list {
				setText(req, string(field.Name()), date)
			}
		}
		values, known := ids[string(field.Name())]
		if strings.HasSuffix(string(field.Name()), "_id") && !known {
			t.Fatalf("%s: there are no candidates for %s", md.FullName(), field.Name())
		}
		switch {
		case !known:
		case strings.Contains(template, "{"+string(field.Name())+"}"):
			list = with(list, field, values)
		default:
			filters = append(filters, field)
		}
	}
	all := slices.Clone(list)
	for _, filter := range filters {
		all = append(all, with(list, filter, ids[string(filter.Name())])...)
	}
	return all
}

// with returns a copy of each request for each value of a field.
func with(list []proto.Message, field protoreflect.FieldDescriptor, values []string) []proto.Message {
	var all []proto.Message
	for _, req := range list {
		for _, value := range values {
			req := proto.Clone(req)
			req.ProtoReflect().Set(field, protoreflect.ValueOfString(value))
			all = append(all, req)
		}
	}
	return all
}

// readAll makes a call and returns the answers of all pages; none where the call is refused.
func readAll(t *testing.T, c salontest.Caller, p principal, md protoreflect.MethodDescriptor, req proto.Message) []proto.Message {
	t.Helper()
	var answers []proto.Message
	for {
		r := c.Call(t, p.as, fullName(md), req)
		switch r.Code {
		case codes.OK:
		case codes.NotFound, codes.PermissionDenied, codes.Unauthenticated:
			return answers
		default:
			t.Fatalf("%s %v: %v", md.Name(), req, r)
		}
		answers = append(answers, r.Message)
		page, ok := r.Message.(interface{ GetNextPageToken() string })
		if !ok || page.GetNextPageToken() == "" {
			return answers
		}
		setText(req, "page_token", page.GetNextPageToken())
	}
}

// private are the messages that belong to a salon and are not for everybody.
var private = []protoreflect.FullName{
	"salon.appointment.v1.Appointment", "salon.appointment.v1.Customer", "salon.user.v1.Member", "salon.user.v1.Invitation",
	"salon.notification.v1.Notification", "salon.appointment.v1.Resource",
}

// checkAnswer looks for private messages of foreign salons, and for the secrets of these anywhere in the answer.
func checkAnswer(
	t *testing.T, p principal, md protoreflect.MethodDescriptor, answer proto.Message, tenants []*tenant, seen map[string]bool,
) {
	t.Helper()
	walk(answer.ProtoReflect(), func(m protoreflect.Message) {
		if !slices.Contains(private, m.Descriptor().FullName()) {
			return
		}
		if id := m.Get(m.Descriptor().Fields().ByName("salon_id")).String(); !slices.Contains(p.salons, id) {
			t.Errorf("%s answers with a %s of salon %s: %v", md.Name(), m.Descriptor().Name(), id, m)
		}
	})
	data, err := protojson.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, tenant := range tenants {
		related := slices.Contains(p.salons, tenant.salon.GetId())
		for what, secret := range tenant.secrets {
			switch {
			case !strings.Contains(text, secret):
			case related:
				seen[secret] = true
			default:
				t.Errorf("%s answers with %s of %s: %s", md.Name(), what, tenant.salon.GetName(), text)
			}
		}
	}
	for _, hidden := range p.hidden {
		if strings.Contains(text, hidden) {
			t.Errorf("%s answers with %q: %s", md.Name(), hidden, text)
		}
	}
}

// walk calls each with a message and with all messages inside of it.
func walk(m protoreflect.Message, each func(protoreflect.Message)) {
	each(m)
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range value.List().Len() {
				walk(value.List().Get(i).Message(), each)
			}
		default:
			walk(value.Message(), each)
		}
		return true
	})
}

// principals are the people of all salons, somebody of none, somebody of two, and a former receptionist.
func principals(t *testing.T, s *salontest.System, tenants []*tenant) []principal {
	t.Helper()
	all := []principal{{name: "nobody"}, {name: "somebody of no salon", as: s.NewCustomer(t, "Stranger")}}
	for i, of := range tenants {
		id := []string{of.salon.GetId()}
		add := func(name string, as *salontest.Account, hidden ...string) {
			all = append(all, principal{fmt.Sprintf("%s %d", name, i), as, id, hidden})
		}
		add("manager", of.manager)
		add("receptionist", of.receptionist)
		add("master", of.master)
		add("customer", of.customer, of.secrets["the notes"], of.secrets["the customer without an account"])
	}
	first, second := tenants[0], tenants[1]
	both := s.NewReceptionist(t, first.salon.GetId())
	second.book(t, both)
	all = append(all, principal{
		name: "receptionist 0 and customer 1", as: both, salons: []string{first.salon.GetId(), second.salon.GetId()},
		hidden: []string{second.secrets["the notes"], second.secrets["the customer"]},
	})
	return append(all, principal{name: "former receptionist", as: second.formerReceptionist(t)})
}
