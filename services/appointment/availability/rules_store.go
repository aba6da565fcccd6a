package availability

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// Store reads what searches and bookings are decided by.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// rulesSQL reads the rules of the salon $1 in one statement, so that all parts are of one version. Hours of past weeks are left out:
// nothing is booked there, and fairness compares the hours of one week.
const rulesSQL = `
SELECT s.rules_version, s.time_zone, s.currency, ` + salon.PolicyColumns + `,
    coalesce((SELECT json_agg(json_build_object('subject', h.subject_id, 'periods', h.periods))
        FROM weekly_hours h WHERE h.salon_id = s.id), '[]')::text AS weekly,
    coalesce((SELECT json_agg(json_build_object('subject', h.subject_id, 'from', h.start_date, 'until', h.end_date, 'intervals', h.intervals)
            ORDER BY h.start_date)
        FROM dated_hours h WHERE h.salon_id = s.id AND h.end_date >= now()::date - 9), '[]')::text AS dated,
    coalesce((SELECT json_agg(json_build_object('subject', t.subject_id, 'start', t.start_time, 'end', t.end_time,
            'from', t.start_date, 'until', t.end_date) ORDER BY t.start_time)
        FROM times_off t WHERE t.salon_id = s.id AND t.end_time > now() - interval '9 days'), '[]')::text AS off,
    coalesce((SELECT json_agg(json_build_object('id', k.id, 'name', k.name, 'units',
            (SELECT json_agg(r.id ORDER BY r.id) FROM resources r
             WHERE r.salon_id = s.id AND r.kind_id = k.id AND r.active AND r.deleted_at IS NULL)))
        FROM resource_kinds k WHERE k.salon_id = s.id), '[]')::text AS kinds,
    coalesce((SELECT json_agg(json_build_object('id', m.id, 'name', m.display_name))
        FROM masters m WHERE m.salon_id = s.id AND NOT m.deleted AND NOT m.disabled), '[]')::text AS masters,
    coalesce((SELECT json_agg(json_build_object('id', v.id, 'name', v.name, 'price', v.price_minor, 'minutes', v.duration_minutes,
            'before', v.buffer_before_minutes, 'after', v.buffer_after_minutes, 'phases', v.phases, 'active', v.active,
            'online', v.online_bookable, 'lead', v.lead_time_override_minutes, 'horizon', v.horizon_override_days,
            'step', v.slot_step_override_minutes, 'capacity', v.capacity))
        FROM services v WHERE v.salon_id = s.id AND v.deleted_at IS NULL), '[]')::text AS services,
    coalesce((SELECT json_agg(json_build_object('master', o.master_id, 'service', o.service_id, 'price', o.price_override_minor,
            'minutes', o.duration_override_minutes, 'before', o.buffer_before_override_minutes,
            'after', o.buffer_after_override_minutes, 'phases', o.phases_override))
        FROM offerings o WHERE o.salon_id = s.id AND o.deleted_at IS NULL), '[]')::text AS offerings
FROM salons s WHERE s.id = $1 AND s.deleted_at IS NULL`

// rulesRow is the row of rulesSQL; the texts are JSON.
type rulesRow struct {
	RulesVersion int64
	TimeZone     string
	Currency     string
	salon.PolicyRow
	Weekly, Dated, Off, Kinds, Masters, Services, Offerings string
}

// Rules returns the rules of a salon, else salon.ErrNotFound.
func (s *Store) Rules(ctx context.Context, salonID string) (*Rules, error) {
	rows, err := postgres.Pipeline[rulesRow](ctx, s.db, postgres.Statement{SQL: rulesSQL, Args: []any{salonID}})
	if err != nil {
		return nil, fmt.Errorf("read the rules of a salon: %w", err)
	}
	if len(rows) == 0 {
		return nil, salon.ErrNotFound
	}
	return rows[0].rules(salonID)
}

type (
	weeklyJSON struct {
		Subject string          `json:"subject"`
		Periods json.RawMessage `json:"periods"`
	}
	datedJSON struct {
		Subject   string          `json:"subject"`
		From      string          `json:"from"`
		Until     string          `json:"until"`
		Intervals json.RawMessage `json:"intervals"`
	}
	offJSON struct {
		Subject string    `json:"subject"`
		Start   time.Time `json:"start"`
		End     time.Time `json:"end"`
		From    *string   `json:"from"`
		Until   *string   `json:"until"`
	}
	kindJSON struct {
		ID    string   `json:"id"`
		Name  string   `json:"name"`
		Units []string `json:"units"`
	}
	masterJSON struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	serviceJSON struct {
		ID      string          `json:"id"`
		Name    string          `json:"name"`
		Price   int32           `json:"price"`
		Minutes int32           `json:"minutes"`
		Before  int32           `json:"before"`
		After   int32           `json:"after"`
		Phases  []catalog.Phase `json:"phases"`
		Active  bool            `json:"active"`
		Online  bool            `json:"online"`
		Lead    *int32          `json:"lead"`
		Horizon *int32          `json:"horizon"`
		Step    *int32          `json:"step"`

		Capacity int `json:"capacity"`
	}
	offeringJSON struct {
		Master  string          `json:"master"`
		Service string          `json:"service"`
		Price   *int32          `json:"price"`
		Minutes *int32          `json:"minutes"`
		Before  *int32          `json:"before"`
		After   *int32          `json:"after"`
		Phases  []catalog.Phase `json:"phases"`
	}
)

func list[T any](text string, err *error) []T {
	var rows []T
	if *err == nil {
		*err = json.Unmarshal([]byte(text), &rows)
	}
	return rows
}

// rules makes the rules out of a row. The time off that was given by dates follows the salon's time zone.
func (row rulesRow) rules(salonID string) (*Rules, error) {
	zone, err := zoneinfo.Load(row.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of salon %s: %w", salonID, err)
	}
	r := &Rules{
		SalonID: salonID, Version: row.RulesVersion, Zone: zone, ZoneName: row.TimeZone, Currency: row.Currency, Policy: row.Policy(),
		Masters: map[string]*Master{}, Services: map[string]*Service{}, Kinds: map[string]*Kind{},
	}
	for _, m := range list[masterJSON](row.Masters, &err) {
		r.Masters[m.ID] = &Master{ID: m.ID, Name: m.Name, Offerings: map[string]*Offering{}}
	}
	hours := map[string]*schedule.Hours{salonID: &r.Hours}
	for id, m := range r.Masters {
		hours[id] = &m.Hours
	}
	for _, w := range list[weeklyJSON](row.Weekly, &err) {
		if h := hours[w.Subject]; h != nil && err == nil {
			h.Periods, err = schedule.DecodePeriods(w.Periods)
		}
	}
	for _, d := range list[datedJSON](row.Dated, &err) {
		if h := hours[d.Subject]; h != nil && err == nil {
			var dated schedule.Dated
			dated, err = schedule.DecodeDated(d.From, d.Until, d.Intervals)
			h.Dated = append(h.Dated, dated)
		}
	}
	off := map[string][]Span{}
	for _, o := range list[offJSON](row.Off, &err) {
		span := Span{MinuteOf(o.Start), MinuteOf(o.End)}
		if o.From != nil && o.Until != nil && err == nil {
			span, err = datesSpan(*o.From, *o.Until, zone)
		}
		off[o.Subject] = append(off[o.Subject], span)
	}
	for id, m := range r.Masters {
		m.TimeOff = listOf(off[id])
	}
	for _, k := range list[kindJSON](row.Kinds, &err) {
		kind := &Kind{ID: k.ID, Name: k.Name}
		for _, id := range k.Units {
			kind.Units = append(kind.Units, Unit{ID: id, Closed: listOf(off[id])})
		}
		r.Kinds[k.ID] = kind
	}
	services := map[string]serviceJSON{}
	for _, s := range list[serviceJSON](row.Services, &err) {
		services[s.ID] = s
		r.Services[s.ID] = s.service()
	}
	for _, o := range list[offeringJSON](row.Offerings, &err) {
		m, s := r.Masters[o.Master], services[o.Service]
		if m == nil || s.ID == "" || err != nil {
			continue
		}
		m.Offerings[o.Service] = o.offering(s)
	}
	if err != nil {
		return nil, fmt.Errorf("rules of salon %s: %w", salonID, err)
	}
	return r, nil
}

// datesSpan is from the first instant of a date to the last of another one.
func datesSpan(from, until string, zone *time.Location) (Span, error) {
	first, err := civil.ParseDate(from)
	if err != nil {
		return Span{}, err
	}
	last, err := civil.ParseDate(until)
	return Span{MinuteOf(first.Start(zone)), MinuteOf(last.End(zone))}, err
}

func (s serviceJSON) service() *Service {
	service := &Service{ID: s.ID, Name: s.Name, Active: s.Active, Online: s.Online, Capacity: s.Capacity}
	if s.Lead != nil {
		lead := time.Duration(*s.Lead) * time.Minute
		service.LeadTime = &lead
	}
	if s.Horizon != nil {
		days := int(*s.Horizon)
		service.HorizonDays = &days
	}
	if s.Step != nil {
		step := time.Duration(*s.Step) * time.Minute
		service.SlotStep = &step
	}
	return service
}

// offering is how a master performs a service, as package catalog has it.
func (o offeringJSON) offering(s serviceJSON) *Offering {
	own := catalog.Offering{
		PriceOverrideMinor: o.Price, DurationOverrideMinutes: o.Minutes, PhasesOverride: o.Phases,
		BufferBeforeOverrideMinutes: o.Before, BufferAfterOverrideMinutes: o.After,
		Service: catalog.Service{
			PriceMinor: s.Price, DurationMinutes: s.Minutes, Phases: s.Phases, BufferBeforeMinutes: s.Before, BufferAfterMinutes: s.After,
		},
	}
	offering := &Offering{
		PriceMinor: own.PriceMinor(), BufferBefore: Minute(own.BufferBefore()), BufferAfter: Minute(own.BufferAfter()),
	}
	for _, p := range own.Phases() {
		offering.Phases = append(offering.Phases, Phase{Wait: p.Wait, Minutes: Minute(p.Minutes), Kinds: p.Kinds})
	}
	return offering
}
