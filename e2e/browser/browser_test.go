//go:build browser

package browser_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// patience bounds a step, such as the start of the browser on a busy machine.
const patience = time.Minute

var shared = salontest.Shared{Options: []salontest.Option{salontest.WithDemo()}}

func TestMain(m *testing.M) { os.Exit(shared.Close(m.Run())) }

// tab is a browser of a test's own, with one tab, that notes what should not happen.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string            // errors on the console, and requests that would leave the machine
	statuses map[string][]int64  // of the answers, by method and path
	methods  map[string]string   // of requests, by their id
	urls     map[string]struct{} // that were asked for
}

// open starts a browser. At the end of the test it is closed, and the test fails for what went wrong in it.
func open(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program(t)), chromedp.UserDataDir(profile(t)), chromedp.WindowSize(1280, 1600),
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(time.Minute),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with it
	}
	// Not the test's context, which is over when the screenshot is made.
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	b := &tab{t: t, statuses: map[string][]int64{}, methods: map[string]string{}, urls: map[string]struct{}{}}
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithListener(b.note))
	b.ctx = ctx
	t.Cleanup(func() {
		b.screenshotOnFailure()
		closeTab()
		stop()
		_ = chromedp.WaitClosed(ctx) // so that nothing writes into the profile any more
	})
	// The browser lives as long as the context that it is started with: one without a deadline.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	b.do("note what happens",
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
			return err
		}),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
			return err
		}),
	)
	return b
}

// program finds the browser by the names that it goes by.
func program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium: install it with apt-get install chromium")
	return ""
}

// profile is a new folder for the browser. Processes of the browser may write into it for a moment after its end, so it
// is deleted as well as can be; t.TempDir would fail the test.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "salon-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// do takes a step that has to succeed.
func (b *tab) do(step string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", step, err)
	}
}

// get runs an action that returns something.
func get[T any](b *tab, step string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", step, err)
	}
	return v
}

// note gets everything that happens in the tab.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.methods[string(e.RequestID)] = e.Request.Method
		b.urls[e.Request.URL] = struct{}{}
		if u, err := url.Parse(e.Request.URL); err != nil || (u.Hostname() != "127.0.0.1" && u.Scheme != "data" && u.Scheme != "blob") {
			b.problems = append(b.problems, "a request leaves the machine: "+e.Request.URL)
		}
	case *network.EventResponseReceived:
		if u, err := url.Parse(e.Response.URL); err == nil {
			call := b.methods[string(e.RequestID)] + " " + u.Path
			b.statuses[call] = append(b.statuses[call], e.Response.Status)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			text := "on the console:"
			for _, arg := range e.Args {
				text += " " + string(arg.Value) + arg.Description
			}
			b.problems = append(b.problems, text)
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+(&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded: // what the browser itself puts on the console: blocked content, files that are missing
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, "on the console: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// clean fails the test for what should not have happened, or when no request was seen at all.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		b.t.Error(strings.Join(b.problems, "\n"))
	}
	if len(b.urls) == 0 {
		b.t.Error("no request was seen")
	}
}

// answers are the statuses that calls of a method and path were answered with, such as "GET /v1/me".
func (b *tab) answers(call string) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.statuses[call]
}

// screenshotOnFailure keeps what the tab showed when a test failed.
func (b *tab) screenshotOnFailure() {
	if !b.t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no screenshot: %v", err)
		return
	}
	file := filepath.Join(os.TempDir(), strings.ReplaceAll(b.t.Name(), "/", "-")+".png")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		b.t.Logf("no screenshot: %v", err)
		return
	}
	b.t.Logf("what the tab showed: %s", file)
}
