//go:build browser

package browser_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// customer is one of the demo salon's.
const (
	customer = "anna@salon.example"
	password = "demo-salon-2026"
)

// operation is the part of Swagger UI that shows one method, by its tag and operationId.
type operation string

func (o operation) in(what string) chromedp.CSS {
	return chromedp.CSS(`[id="` + string(o) + `"] ` + what)
}

// openDocs opens the Swagger UI and waits until it shows the document.
func (b *tab) openDocs(url string) {
	b.t.Helper()
	b.do("open "+url, chromedp.Navigate(url))
	b.do("show the document", chromedp.WaitVisible(chromedp.CSS(".swagger-ui .info .title")), chromedp.WaitVisible(chromedp.CSS(".opblock-tag-section")))
}

// execute opens an operation, sends the call, waits for the answer and returns its status and body as they are shown.
func (b *tab) execute(o operation, body string) (status, answer string) {
	b.t.Helper()
	b.do("open "+string(o), chromedp.Click(o.in(".opblock-summary-control")))
	if body != "" {
		text := o.in("textarea.body-param__text")
		b.do("show the body", chromedp.WaitVisible(text), chromedp.Focus(text))
		get(b, "select the example", chromedp.Evaluate[bool](`document.activeElement.select(), true`))
		b.do("type over it", chromedp.KeyEvent(body))
	}
	b.do("execute", chromedp.Click(o.in("button.execute")))
	b.do("wait for the answer", chromedp.WaitVisible(o.in(".live-responses-table tr.response td.response-col_status")))
	status = get(b, "read the status", chromedp.Text(o.in(".live-responses-table tr.response td.response-col_status")))
	answer = get(b, "read the answer", chromedp.TextContent(o.in(".live-responses-table tr.response td.response-col_description")))
	return strings.TrimSpace(status), answer
}

func TestSwaggerUI(t *testing.T) {
	s := shared.Get(t)
	pair := salontest.Do[*userv1.TokenPair](t, s.REST(), nil, userv1.AuthService_Login_FullMethodName,
		&userv1.LoginRequest{Email: customer, Password: password})

	b := open(t)
	b.openDocs(s.URL() + "/docs")
	b.do("press Authorize", chromedp.Click(chromedp.CSS(".auth-wrapper button.authorize")))
	b.do("enter the token", chromedp.SendKeys(chromedp.CSS(".modal-ux .auth-container input"), pair.GetAccessToken()))
	b.do("confirm it", chromedp.Click(chromedp.CSS(".modal-ux button.authorize")))
	b.do("close the dialogue", chromedp.Click(chromedp.CSS(".modal-ux button.btn-done")),
		chromedp.WaitNotPresent(chromedp.CSS(".modal-ux")))

	status, answer := b.execute("operations-User-getMe", "")
	if !strings.HasPrefix(status, "200") || !strings.Contains(answer, customer) {
		t.Errorf("GET /v1/me shows %s %s", status, answer)
	}
	if got := b.answers("GET /v1/me"); !slices.Equal(got, []int64{200}) {
		t.Errorf("GET /v1/me was answered with %v", got)
	}

	status, answer = b.execute("operations-Notification-markAllNotificationsRead", "")
	if !strings.HasPrefix(status, "200") {
		t.Errorf("marking all as read shows %s %s", status, answer)
	}
	if got := b.answers("POST /v1/notifications:markAllRead"); !slices.Equal(got, []int64{200}) {
		t.Errorf("marking all as read was answered with %v", got)
	}
	b.clean()
}

// The examples that the page fills in can be sent as they are: a newcomer signs in and books without typing anything.
func TestExamplesWork(t *testing.T) {
	b := open(t)
	b.openDocs(shared.Get(t).URL() + "/docs")
	for _, step := range []struct {
		operation operation
		status    string
	}{
		{"operations-Auth-register", "201"}, {"operations-Auth-login", "200"}, {"operations-User-getMe", "200"},
		{"operations-Salon-getSalon", "200"}, {"operations-Master-getMaster", "200"}, {"operations-Catalog-getService", "200"},
		{"operations-Catalog-listOfferings", "200"}, {"operations-Availability-searchAvailability", "200"},
		{"operations-Availability-explainSlot", "200"}, {"operations-Availability-checkSlots", "200"},
		{"operations-Appointment-createAppointment", "201"}, {"operations-Schedule-getOpeningHours", "200"},
	} {
		if status, answer := b.execute(step.operation, ""); !strings.HasPrefix(status, step.status) {
			t.Fatalf("%s shows %s %s", step.operation, status, answer)
		}
	}
	b.clean()
}

// Who signs in on the page itself need not copy the token.
func TestSigningInOnThePage(t *testing.T) {
	b := open(t)
	b.openDocs(shared.Get(t).URL() + "/docs")
	status, answer := b.execute("operations-Auth-login", `{"email":"`+customer+`","password":"`+password+`"}`)
	if !strings.HasPrefix(status, "200") {
		t.Fatalf("signing in shows %s %s", status, answer)
	}
	status, answer = b.execute("operations-User-getMe", "")
	if !strings.HasPrefix(status, "200") || !strings.Contains(answer, customer) {
		t.Errorf("GET /v1/me shows %s %s", status, answer)
	}
	b.clean()
}

func TestErrorsPage(t *testing.T) {
	b := open(t)
	url := shared.Get(t).URL() + "/docs/errors#slot-unavailable"
	for _, width := range []int64{1280, 375} {
		b.do("open "+url,
			chromedp.EmulateViewport(width, 800),
			chromedp.Navigate(url),
			chromedp.WaitVisible(chromedp.ID("slot-unavailable")),
		)
		if y := get(b, "find the entry", chromedp.Evaluate[float64](`document.getElementById("slot-unavailable").getBoundingClientRect().top`)); y < 0 || y > 800 {
			t.Errorf("at %d pixels the entry that the link names is at %v", width, y)
		}
		if over := get(b, "measure the page", chromedp.Evaluate[float64](`document.documentElement.scrollWidth - window.innerWidth`)); over > 0 {
			t.Errorf("at %d pixels the page is %v too wide", width, over)
		}
	}
	b.clean()
}
