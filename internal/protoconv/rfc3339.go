package protoconv

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// dateTime is the date-time of RFC 3339, section 5.6, without leap seconds and with at most nine digits of a second.
var dateTime = regexp.MustCompile(
	`^\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseTimestamp reads a time of the years 1 to 9999 as RFC 3339 writes it. T and Z may be in lower case. A second 60 is an
// error: a Timestamp has no leap seconds. [time.Parse] and protojson accept more: a comma before the fraction, one digit
// of an hour, and offsets such as +24:00 and +02:60.
func ParseTimestamp(text string) (time.Time, error) {
	if !dateTime.MatchString(text) {
		return time.Time{}, fmt.Errorf("%q is no date-time of RFC 3339", text)
	}
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	if err != nil {
		return time.Time{}, err // a date that does not exist
	}
	if err := timestamppb.New(t).CheckValid(); err != nil {
		return time.Time{}, err
	}
	return t.UTC(), nil
}
