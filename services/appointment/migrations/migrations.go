// Package migrations holds the schema of the appointment service. It is a package of its own so
// that the tests of each subject can make the schema.
package migrations

import (
	"embed"

	"github.com/beauty-salon/platform/internal/postgres"
)

//go:embed *.sql
var files embed.FS

// Migrations make the schema "appointments".
var Migrations = postgres.Migrations{Service: "appointments", FS: files}
