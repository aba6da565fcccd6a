package postgres

import gormpostgres "gorm.io/driver/postgres"

// dialect is GORM's dialect of PostgreSQL without texts of statements for a log. [gorm.io/gorm.DB.Scan] makes them from all values even if
// nothing is logged.
type dialect struct{ *gormpostgres.Dialector }

// Explain returns nothing.
func (dialect) Explain(string, ...any) string { return "" }
