package notification

import (
	"context"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// english is the BCP 47 tag of the language that every text exists in.
const english = "en"

// text is the text of a notification.
type text struct {
	title, body string
}

// languages has the language tags that texts exist in.
var languages = map[string]func(Notification, *appointmentv1.LookupNamesResponse) text{english: renderEnglish}

// readerLanguage returns the language tag in which the caller reads. It is English, because accounts do not have a
// language yet; a second language begins here and in languages.
func readerLanguage(context.Context) string { return english }

// render makes the text of a notification in a language; in English when the language has no texts. Names that are missing
// are left out of the text.
func render(lang string, n Notification, names *appointmentv1.LookupNamesResponse) text {
	if n.Title != "" { // stored with its text, before texts were made when they are read
		return text{n.Title, n.Body}
	}
	if in, ok := languages[lang]; ok {
		return in(n, names)
	}
	return renderEnglish(n, names)
}

// wallTime returns an instant as the wall time of a zone. When the zone cannot be loaded, it returns the time in UTC and
// says so.
func wallTime(t time.Time, zone, layout string) string {
	location, err := zoneinfo.Load(zone)
	if err != nil {
		return t.UTC().Format(layout + " MST")
	}
	return t.In(location).Format(layout)
}
