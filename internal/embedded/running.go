package embedded

import "github.com/beauty-salon/platform/internal/embedded/pgcluster"

// RunningPostgres returns the administrator's address of the database in dir while another process runs its cluster, and "" when
// none does. It contains the password: do not log it.
func RunningPostgres(dir string) (string, error) { return pgcluster.RunningAdminURL(dir, databaseName) }
