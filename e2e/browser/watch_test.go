//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// page follows the appointments of the caller in two ways, and keeps what each has got. cut() ends both connections; resume() opens them again
// with the last ids.
const page = `(() => {
  const token = %q, query = %q;
  const state = window.state = {
    fetched: {ids: [], last: '', open: false}, sourced: {ids: [], last: '', open: false, tickets: 0, ended: false},
  };
  const take = (s, name, id, data) => {
    if (id) s.last = id;
    if (name === 'ready') s.open = true;
    if (name === 'created' || name === 'changed' || name === 'snapshot') s.ids.push(JSON.parse(data).appointment.id);
  };
  let abort, source;
  window.byFetch = async () => {
    const s = state.fetched;
    abort = new AbortController();
    const headers = {Authorization: 'Bearer ' + token};
    if (s.last) headers['Last-Event-ID'] = s.last;
    const response = await fetch('/v1/appointments:watch?' + query, {headers, signal: abort.signal});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    try {
      for (;;) {
        const {value, done} = await reader.read();
        if (done) return;
        text += value;
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
          const fields = {};
          for (const line of text.slice(0, end).split('\n')) {
            const at = line.indexOf(': ');
            fields[line.slice(0, at)] = line.slice(at + 2);
          }
          take(s, fields.event, fields.id, fields.data);
        }
      }
    } catch (e) { if (e.name !== 'AbortError') throw e; }
  };
  window.bySource = async () => {
    const s = state.sourced;
    const [from, to] = ['from', 'to'].map(k => new URLSearchParams(query).get(k));
    const answer = await fetch('/v1/watchTickets', {
      method: 'POST', headers: {Authorization: 'Bearer ' + token, 'Content-Type': 'application/json'},
      body: JSON.stringify({appointments: {from, to}}),
    });
    s.tickets++;
    const {ticket} = await answer.json();
    const url = '/v1/appointments:watch?ticket=' + ticket + (s.last ? '&last_event_id=' + encodeURIComponent(s.last) : '');
    source = new EventSource(url);
    for (const name of ['snapshot', 'ready', 'created', 'changed']) {
      source.addEventListener(name, e => take(s, name, e.lastEventId, e.data));
    }
    window.reuse = () => {
      const again = new EventSource(url);
      again.onerror = () => { if (again.readyState === EventSource.CLOSED) s.ended = true; };
    };
  };
  window.cut = () => {
    abort.abort();
    source.close();
    state.fetched.open = state.sourced.open = false;
  };
  window.resume = () => { byFetch(); bySource(); };
  resume();
  return true;
})()`

// what a stream of the page has got.
type got struct {
	IDs         []string `json:"ids"`
	Open, Ended bool
	Tickets     int
	Last        string
}

// TestStreamsInABrowser opens a stream by fetch and by EventSource, cuts both, and resumes them without loss.
func TestStreamsInABrowser(t *testing.T) {
	s := salontest.Start(t) // people of its own, and no demo
	cast := s.NewCast(t)
	pair := cast.CustomerA.SignIn(t)
	now := time.Now().UTC().Truncate(time.Second)
	query := fmt.Sprintf("from=%s&to=%s", now.Format(time.RFC3339), now.Add(60*24*time.Hour).Format(time.RFC3339))
	start := s.NextStart().Add(14 * 24 * time.Hour)
	var booked []string
	book := func() {
		t.Helper()
		start = start.Add(3 * time.Hour)
		a := salontest.Do[*appointmentv1.Appointment](t, s.REST(), cast.CustomerA,
			appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			&appointmentv1.CreateAppointmentRequest{
				StartTime: timestamppb.New(start), Segments: []*appointmentv1.SegmentInput{salontest.Segment(cast.Master1, cast.Service)},
			})
		booked = append(booked, a.GetId())
	}

	b := open(t)
	b.openDocs(s.URL() + "/docs") // a page from which scripts may call
	state := func() (fetched, sourced got) {
		t.Helper()
		text := get(b, "read the state", chromedp.Evaluate[string](`JSON.stringify([state.fetched, state.sourced])`))
		var both []got
		if err := json.Unmarshal([]byte(text), &both); err != nil {
			t.Fatal(err)
		}
		return both[0], both[1]
	}
	wait := func(what string, done func(fetched, sourced got) bool) {
		t.Helper()
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for deadline := time.Now().Add(patience); ; {
			fetched, sourced := state()
			if done(fetched, sourced) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: fetch got %+v, EventSource %+v, booked %v", what, fetched, sourced, booked)
			}
			<-look.C
		}
	}
	opened := func(fetched, sourced got) bool { return fetched.Open && sourced.Open }
	complete := func(fetched, sourced got) bool {
		return slices.Equal(fetched.IDs, booked) && slices.Equal(sourced.IDs, booked)
	}

	get(b, "open the streams", chromedp.Evaluate[bool](fmt.Sprintf(page, pair.GetAccessToken(), query)))
	wait("open", opened)
	book()
	book()
	wait("follow", complete)
	get(b, "cut them", chromedp.Evaluate[bool](`cut(), true`))
	book()
	book()
	get(b, "resume", chromedp.Evaluate[bool](`resume(), true`))
	wait("resume", complete)
	book()
	wait("follow again", complete)
	get(b, "use the ticket again", chromedp.Evaluate[bool](`reuse(), true`))
	wait("the browser does not try again", func(_, sourced got) bool { return sourced.Ended })
	get(b, "close", chromedp.Evaluate[bool](`cut(), true`))
}
