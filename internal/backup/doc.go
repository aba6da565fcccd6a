// Package backup writes the database into one file and restores it from there, with pg_dump and pg_restore.
//
// A backup is a tar file: database.dump in the custom format of pg_dump, which has the schemas of all services as one snapshot shows
// them, and manifest.json, which says what is in it. Roles, passwords, rights and extensions are not part of it: they belong to the
// server, and `salon migrate` makes them from the secret. NATS and Redis have nothing that is not in the database.
//
//   - archive.go: the file. It appears under its name when it is complete. [Open] checks it.
//   - dump.go: [Create].
//   - restore.go: [Restore]. What was in the database before is kept aside until everything is there.
//   - check.go: what is compared and mended afterwards.
package backup
