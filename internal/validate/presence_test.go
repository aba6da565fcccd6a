package validate_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// sameWhenAbsent are the fields of requests for which the zero value is legal and means the same as leaving the field
// out. For any other field with a legal zero value, a request must tell the two apart: it is declared `optional`.
var sameWhenAbsent = map[protoreflect.Name]string{
	"page_size":  "0 asks for the default number",
	"limit":      "0 asks for the default number",
	"page_token": "empty asks for the first page",
	"order_by":   "empty asks for the default order",
	"query":      "every text contains the empty text",
	"category":   "no service has an empty category, so there is nothing to look for",
	"specialty":  "no master has an empty specialty, so there is nothing to look for",
	"min_rating": "every mean is at least 0",
	"etag":       "no state has an empty etag: the call is unconditional",
	"request_id": "no request has an empty id: the call is not made safe to repeat",

	"start_date":  "no date is an empty text",
	"end_date":    "no date is an empty text",
	"from_date":   "no date is an empty text",
	"valid_from":  "no date is an empty text",
	"valid_until": "no date is an empty text",

	"title":       "no text is an empty text",
	"description": "no text is an empty text",
	"note":        "no text is an empty text",
	"notes":       "no text is an empty text",
	"reason":      "no text is an empty text",
	"comment":     "no text is an empty text",
	"bio":         "no text is an empty text",
	"address":     "no text is an empty text",
	"phone":       "no number is an empty text",
	"email":       "no address is an empty text",
	"website_url": "no address is an empty text",
	"photo_url":   "no address is an empty text",

	"experience_years":      "a new profile has 0",
	"buffer_before_minutes": "a new service has 0",
	"version":               "0 is that nothing is known, which finds every version",
	"buffer_after_minutes":  "a new service has 0",

	"display_name": "no name is an empty text",
	"proof":        "no proof is an empty text",
	"hold_proof":   "no proof is an empty text",
	"resume_token": "no position has an empty token: the stream begins with all that there is",
	"ticket":       "no ticket is an empty text",
	"offset":       "an export begins at 0",
	"shift_days":   "a move by 0 days stays on its dates",

	"move_following":         "false is what the call does by itself",
	"skip_conflicts":         "false is what the call does by itself",
	"include_moved":          "false is what the call does by itself",
	"waive_fee":              "false is what the call does by itself",
	"allow_customer_overlap": "false is what the call does by itself",
	"early":                  "false is what the call does by itself",
	"first_per_day":          "false is what the call does by itself",
	"validate_only":          "false is what the call does by itself",
	"unread_only":            "false is what the call does by itself",
}

// TestPresence walks everything that a request can hold. A value that is legal at zero must not be mistaken for one
// that was left out.
func TestPresence(t *testing.T) {
	t.Parallel()
	used := map[protoreflect.Name]bool{}
	seen := map[protoreflect.FullName]bool{}
	var check func(d protoreflect.MessageDescriptor)
	check = func(d protoreflect.MessageDescriptor) {
		if seen[d.FullName()] || !strings.HasPrefix(string(d.FullName()), "salon.") {
			return
		}
		seen[d.FullName()] = true
		typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
		if err != nil {
			t.Fatal(err)
		}
		refused := "\n" + strings.Join(invalid(t, typ.New().Interface()), "\n")
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			switch {
			case f.IsMap():
				if f.MapValue().Message() != nil {
					check(f.MapValue().Message())
				}
			case f.Message() != nil:
				check(f.Message())
			case f.IsList() || f.HasPresence() || strings.Contains(refused, "\n"+string(f.Name())+": "):
			case sameWhenAbsent[f.Name()] == "":
				t.Errorf("%s: its zero value is legal, and nothing tells it from absence", f.FullName())
			default:
				used[f.Name()] = true
			}
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				check(methods.Get(j).Input())
			}
		}
		return true
	})
	for name := range sameWhenAbsent {
		if !used[name] {
			t.Errorf("%s: no field needs the exception", name)
		}
	}
}
