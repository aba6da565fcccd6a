package main

import (
	"context"

	"github.com/rs/zerolog"
)

// budget returns how many connections to PostgreSQL the services of this process may have together.
func (a *app) budget() (total int) {
	for _, db := range a.databases {
		changes, reads := db.Budget()
		total += changes + reads
	}
	return total
}

// logBudget logs the budget of each service and of the process. People who start the program by hand see it at level debug.
func (a *app) logBudget(cfg appConfig) {
	if len(a.databases) == 0 {
		return
	}
	level := zerolog.InfoLevel
	if cfg.LogFormat == "console" {
		level = zerolog.DebugLevel
	}
	services := zerolog.Dict()
	for _, name := range a.names {
		changes, reads := a.databases[name].Budget()
		services.Dict(name, zerolog.Dict().Int("changes", changes).Int("reads", reads))
	}
	a.log.WithLevel(level).Dict("services", services).Int("total", a.budget()).Bool("pooled", cfg.DatabasePooled).Msg("most connections to PostgreSQL")
}

// checkBudget warns when PostgreSQL does not admit the budget of this process. What a pooler admits it does not say.
func (a *app) checkBudget(ctx context.Context, cfg appConfig) {
	if len(a.databases) == 0 || cfg.DatabasePooled {
		return
	}
	limit, err := a.databases[a.names[0]].ConnectionLimit(ctx)
	if err != nil {
		return // the probes report a database that does not answer
	}
	if total := a.budget(); total > limit {
		a.log.Warn().Int("total", total).Int("limit", limit).
			Msg("PostgreSQL admits fewer connections than this process may open: lower SALON_DATABASE_MAX_CONNS, raise max_connections, or put a pooler in between")
	}
}
