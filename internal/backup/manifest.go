package backup

import (
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// format is the number of the layout of backups. A program reads those with its number.
const format = 1

// Manifest says what is in a backup.
type Manifest struct {
	// Format is the number of the layout.
	Format int `json:"format"`
	// Program is the version of the program that made the backup.
	Program string `json:"program"`
	// Time is when the snapshot was taken, by the clock of the database. What was committed before is in the backup.
	Time time.Time `json:"time"`
	// Server and Tool are the versions of PostgreSQL and of pg_dump.
	Server string `json:"server"`
	Tool   int    `json:"tool"`
	// Schemas are the numbers of the newest migrations, by schema.
	Schemas map[string]postgres.Versions `json:"schemas"`
	// Rows are the numbers of rows, by "schema.table".
	Rows map[string]int64 `json:"rows"`
	// Key tells the secret of the installation from others and says nothing about it; "" when it was not known.
	Key string `json:"key,omitempty"`
	// Size and SHA256 are those of the dump.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}
