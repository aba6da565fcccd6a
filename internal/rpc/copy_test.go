package rpc

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestCopyMessage: a copy has everything, and what is there before is gone. That of a request is deep, that of an answer has fields of its own.
func TestCopyMessage(t *testing.T) {
	t.Parallel()
	full := func() *appointmentv1.SearchAvailabilityResponse {
		m := &appointmentv1.SearchAvailabilityResponse{
			TimeZone: "Europe/Berlin", NextPageToken: "more",
			Slots: []*appointmentv1.Slot{{
				StartTime: timestamppb.Now(), TotalPrice: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: proto.Int32(3000)},
			}},
			Reasons: []appointmentv1.BlockReason{1, 2},
		}
		m.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x7f, 0x01}) // field 2047
		return m
	}
	for name, target := range map[string]func(proto.Message) any{
		"request": func(m proto.Message) any { return m },
		"answer":  func(m proto.Message) any { return answer{m} },
	} {
		from, to := full(), &appointmentv1.SearchAvailabilityResponse{NextPageToken: "old", Slots: make([]*appointmentv1.Slot, 3)}
		before := proto.Clone(from)
		if err := copyMessage(target(to), from); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(to, from) {
			t.Errorf("%s: the copy is %v, want %v", name, to, from)
		}
		if name == "request" {
			to.Slots[0].TotalPrice.CurrencyCode, to.Reasons[0] = "USD", 3
		}
		to.TimeZone, to.Slots, to.Reasons = "", nil, nil
		to.ProtoReflect().SetUnknown(nil)
		if !proto.Equal(from, before) {
			t.Errorf("%s: the original became %v, was %v", name, from, before)
		}
	}
	if err := copyMessage(answer{&apiv1.Money{}}, full()); err == nil {
		t.Error("a message was copied to one of another type")
	}
}
