package natstest_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, s *natstest.Server) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(s.URL().Reveal(), nats.Timeout(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// What a stream holds outlives a restart, on the same port.
func testRestart(t *testing.T) {
	s := natstest.New(t)
	js := connect(t, s)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	url := s.URL()
	s.Stop()
	s.Stop()
	if _, err := nats.Connect(url.Reveal(), nats.Timeout(time.Second)); err == nil {
		t.Error("connected to a stopped server")
	}
	s.Start()
	s.Start()
	if s.URL() != url {
		t.Errorf("listens on %s after a restart, before on %s", s.URL().Reveal(), url.Reveal())
	}
	stream, err := connect(t, s).Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := stream.GetMsg(t.Context(), 1); err != nil || string(msg.Data) != "kept" {
		t.Errorf("after a restart: %v, %v", msg, err)
	}
}

func TestEmbeddedServer(t *testing.T) {
	t.Setenv("SALON_TEST_NATS", "")
	testRestart(t)
}

func TestServerProcess(t *testing.T) {
	binary, err := exec.LookPath("nats-server")
	if err != nil {
		binary, err = exec.LookPath("../../bin/nats-server")
	}
	if err != nil {
		t.Skip("there is no nats-server in the path or in bin/ (make bin/nats-server)")
	}
	t.Setenv("SALON_TEST_NATS", binary)
	testRestart(t)
}
