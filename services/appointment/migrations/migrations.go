// Package migrations holds the schema of the appointment service. It is a package of its own so
// that the tests of each subject can make the schema.
package migrations

import (
	"embed"

	"github.com/beauty-salon/platform/internal/postgres"
)

// TimeZoneVariable is the environment variable with the IANA name of the time zone that the first
// salon gets; UTC without it. FirstSalonVersion is the migration that makes the salon and reads the
// variable. Both are for the program that migrates.
const (
	TimeZoneVariable  = "SALON_TIME_ZONE"
	FirstSalonVersion = 4
)

//go:embed *.sql
var files embed.FS

// Migrations make the schema "appointments".
var Migrations = postgres.Migrations{Service: "appointments", FS: files}

// Layout is how the tables that bookings and searches use are laid out in partitions. All of them have the salon in every key.
func Layout(partitions int) postgres.Layout {
	return postgres.Layout{
		Tables: []string{"appointments", "segments", "claims", "appointment_history", "holds"}, Key: "salon_id", Partitions: partitions,
	}
}
