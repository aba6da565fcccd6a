package resilience_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
	"github.com/beauty-salon/platform/internal/natstest"
)

// TestMissedChanges changes masters where the user service keeps them, without an event, while NATS is away: a disabled
// master, a profile that was deleted and made again, and a disabled master of whom the appointment service knows a state that a
// restored backup does not have. Once NATS is back, none can be booked as before.
func TestMissedChanges(t *testing.T) {
	t.Parallel()
	queue := natstest.New(t)
	system := salontest.Start(t, unlimited, salontest.WithArgs("--nats-url="+queue.URL().Reveal()))
	database := system.Database(t)
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) {
		cast := system.NewCast(t)
		ahead := system.NewMasterOf(t, salontest.DefaultSalon, "Master Three")
		system.Offer(t, ahead, cast.Service)
		cast.Book(t, cast.CustomerA, cast.Master1)
		cast.Book(t, cast.CustomerA, cast.Master2)
		cast.Book(t, cast.CustomerA, ahead)
		settled(t, queue)
		queue.Stop()
		var batch pgx.Batch
		batch.Queue("UPDATE users.users SET disabled = true, version = version + 1 WHERE id = $1", cast.Master1.ID)
		batch.Queue("UPDATE users.masters SET disabled = true, version = version + 1 WHERE id = $1", cast.Master1.ID)
		batch.Queue("UPDATE users.masters SET profile_time = now(), version = version + 2 WHERE id = $1", cast.Master2.ID)
		batch.Queue("UPDATE users.masters SET disabled = true WHERE id = $1", ahead.ID)
		batch.Queue("UPDATE appointments.masters SET version = version + 1 WHERE id = $1", ahead.ID)
		if err := database.SendBatch(t.Context(), &batch).Close(); err != nil {
			t.Fatal(err)
		}
		queue.Start()
		for _, tt := range []struct {
			master *salontest.Account
			want   string
		}{{cast.Master1, "MASTER_UNAVAILABLE"}, {cast.Master2, "NOT_OFFERED"}, {ahead, "MASTER_UNAVAILABLE"}} {
			var got *salontest.Result
			if !salontest.Deadline(recovery, func() bool {
				got = c.Call(t, cast.CustomerA, createAppointment, salontest.Booking(tt.master, cast.Service, system.NextStart()))
				return got.Reason == tt.want
			}) {
				t.Errorf("%s: %v, want %s", tt.master.Name, got, tt.want)
			}
		}
	})
}
