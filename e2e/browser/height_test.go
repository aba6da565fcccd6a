//go:build browser

package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/beauty-salon/platform/openapi"
)

// An operation fits on a few screens: its errors take a line or two each until somebody wants to know more.
func TestOperationsAreShort(t *testing.T) {
	const most = 3000 // pixels
	mux := http.NewServeMux()
	mux.Handle("/openapi.json", openapi.DocumentHandler())
	mux.Handle("/docs", openapi.UI())
	mux.Handle("/docs/", openapi.UI())
	mux.HandleFunc("/v1/masters", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b := open(t)
	b.openDocs(server.URL + "/docs")
	for _, o := range []operation{ // with more errors, fields and parameters than most others
		"operations-Appointment-createAppointment", "operations-Master-createMaster", "operations-Salon-updateSalon",
		"operations-Appointment-listAppointments",
	} {
		summary := o.in(".opblock-summary-control")
		b.do("open "+string(o), chromedp.Click(summary), chromedp.WaitVisible(o.in(`tr.response[data-code="5XX"]`)))
		height := get(b, "measure "+string(o), chromedp.Evaluate[int](`document.getElementById("`+string(o)+`").offsetHeight`))
		if height > most {
			t.Errorf("%s is %d pixels high, more than %d", o, height, most)
		}
		b.do("close "+string(o), chromedp.Click(summary))
	}
	b.clean()
}
