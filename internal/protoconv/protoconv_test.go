package protoconv_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func TestTimestamp(t *testing.T) {
	t.Parallel()
	if got := protoconv.Timestamp(time.Time{}); got != nil {
		t.Errorf("the zero time is %v", got)
	}
	at := time.Date(2027, 3, 14, 17, 0, 0, 5000, time.UTC)
	for _, in := range []time.Time{at, at.In(time.FixedZone("UTC+5:30", 19800))} {
		if got := protoconv.Timestamp(in); !got.AsTime().Equal(at) {
			t.Errorf("Timestamp(%v) = %v", in, got.AsTime())
		}
	}
	// The epoch is a time, not the zero value.
	if got := protoconv.Timestamp(time.Unix(0, 0)); got == nil || got.GetSeconds() != 0 {
		t.Errorf("the epoch is %v", got)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   *timestamppb.Timestamp
		want time.Time
	}{
		{"absent", nil, time.Time{}},
		{"the epoch", &timestamppb.Timestamp{}, time.Unix(0, 0)},
		{"microseconds", &timestamppb.Timestamp{Seconds: 1, Nanos: 5000}, time.Unix(1, 5000)},
		{"nanoseconds", &timestamppb.Timestamp{Seconds: 1, Nanos: 5999}, time.Unix(1, 5000)},
		{"nanoseconds before the epoch", &timestamppb.Timestamp{Seconds: -1, Nanos: 5999}, time.Unix(-1, 5000)},
		{"the last", &timestamppb.Timestamp{Seconds: 253402300799}, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		got, err := protoconv.Time("from", tt.in)
		if err != nil || !got.Equal(tt.want) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	for name, in := range map[string]*timestamppb.Timestamp{
		"year 10000":           {Seconds: 253402300800},
		"year 0":               {Seconds: -62135596801},
		"negative nanoseconds": {Nanos: -1},
		"too many nanoseconds": {Nanos: 1e9},
	} {
		got, err := protoconv.Time("from", in)
		var e *apierr.Error
		if !errors.As(err, &e) || e.Code() != codes.InvalidArgument || e.Fields()[0].GetField() != "from" || !got.IsZero() {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{{}, time.Date(2027, 10, 31, 1, 30, 0, 123456000, time.UTC)} {
		if got, err := protoconv.Time("from", protoconv.Timestamp(want)); err != nil || !got.Equal(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}
