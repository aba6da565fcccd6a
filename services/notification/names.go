package notification

import (
	"context"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// namesTimeout is how long a reader waits for names. Without them the texts say less, and that is better than no list.
const namesTimeout = time.Second

// names looks up the names that the texts of notifications need, all at once. It returns no names when the lookup fails.
func (s *Service) names(ctx context.Context, ns []Notification) *appointmentv1.LookupNamesResponse {
	req := namesRequest(ns)
	if req == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, namesTimeout)
	defer cancel()
	names, err := s.directory.LookupNames(limited, req)
	if err != nil {
		if ctx.Err() != nil { // the reader has gone
			return nil
		}
		s.deps.Log.Warn().Err(err).Msg("notifications are rendered without names")
		return nil
	}
	return names
}

// namesRequest returns the ids of everything that the texts can name, each once; nil when there is nothing to look up.
// A page of 100 notifications with 8 segments each stays below the 1000 ids of a kind that a request can have.
func namesRequest(ns []Notification) *appointmentv1.LookupNamesRequest {
	req := &appointmentv1.LookupNamesRequest{}
	needed := false
	seen := map[*[]string]map[string]bool{}
	add := func(list *[]string, ids ...string) {
		if seen[list] == nil {
			seen[list] = map[string]bool{"": true}
		}
		for _, id := range ids {
			if !seen[list][id] {
				seen[list][id], needed = true, true
				*list = append(*list, id)
			}
		}
	}
	for _, n := range ns {
		if n.Title != "" { // stored with its text
			continue
		}
		add(&req.SalonIds, n.SalonID)
		add(&req.ServiceIds, n.ServiceIDs...)
		add(&req.MasterIds, n.MasterIDs...)
		if !n.ForCustomer {
			add(&req.CustomerIds, n.CustomerID)
		}
	}
	if !needed {
		return nil
	}
	return req
}
