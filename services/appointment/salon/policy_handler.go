package salon

import (
	"context"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// GetBookingPolicy implements SalonServiceServer.
func (s *Salons) GetBookingPolicy(
	ctx context.Context, req *appointmentv1.GetBookingPolicyRequest,
) (*appointmentv1.BookingPolicy, error) {
	policy, err := s.store.Policy(ctx, req.GetSalonId())
	if err != nil {
		return nil, err
	}
	return policyToProto(req.GetSalonId(), policy), nil
}

// UpdateBookingPolicy implements SalonServiceServer.
func (s *Salons) UpdateBookingPolicy(
	ctx context.Context, req *appointmentv1.UpdateBookingPolicyRequest,
) (*appointmentv1.BookingPolicy, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	salonID := req.GetSalonId()
	if err := s.checkManager(ctx, salonID); err != nil {
		return nil, err
	}
	until, err := bookableUntil(req.GetBookableUntil())
	if err != nil {
		return nil, err
	}
	var policy Policy
	err = s.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		if err := LockRules(ctx, tx, salonID); err != nil {
			return err
		}
		store := NewStore(tx)
		before, err := store.Policy(ctx, salonID, postgres.LockForChange)
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), before.Version); err != nil {
			return err
		}
		policy = before
		policy.write(req, fields)
		fieldmask.Write(fields, "bookable_until", &policy.BookableUntil, until)
		if policy == before {
			return nil
		}
		policy.Version++
		policy.UpdateTime = s.deps.Time()
		if err := store.UpdatePolicy(ctx, salonID, policy); err != nil {
			return err
		}
		return ChangeRules(ctx, tx, salonID)
	})
	if err != nil {
		return nil, err
	}
	return policyToProto(salonID, policy), nil
}

// bookableUntil returns the zero date for the empty text.
func bookableUntil(text string) (civil.Date, error) {
	if text == "" {
		return civil.Date{}, nil
	}
	date, err := civil.ParseDate(text)
	if err != nil {
		return civil.Date{}, apierr.InvalidField("bookable_until", civil.ErrDate.Error())
	}
	return date, nil
}

// write applies the fields of a request, except bookable_until.
func (p *Policy) write(req *appointmentv1.UpdateBookingPolicyRequest, fields fieldmask.Set) {
	minutes := func(field string, to *time.Duration, value int32) {
		fieldmask.Write(fields, field, to, time.Duration(value)*time.Minute)
	}
	number := func(field string, to *int, value int32) { fieldmask.Write(fields, field, to, int(value)) }
	minutes("slot_step_minutes", &p.SlotStep, req.GetSlotStepMinutes())
	minutes("lead_time_minutes", &p.LeadTime, req.GetLeadTimeMinutes())
	number("horizon_days", &p.HorizonDays, req.GetHorizonDays())
	minutes("cancellation_window_minutes", &p.CancellationWindow, req.GetCancellationWindowMinutes())
	minutes("rescheduling_window_minutes", &p.ReschedulingWindow, req.GetReschedulingWindowMinutes())
	if fields.Has("confirmation") {
		p.Confirmation = confirmationFromProto(req.GetConfirmation())
	}
	minutes("request_timeout_minutes", &p.RequestTimeout, req.GetRequestTimeoutMinutes())
	number("max_open_appointments", &p.MaxOpenAppointments, req.GetMaxOpenAppointments())
	number("max_customer_appointments_a_day", &p.MaxCustomerDay, req.GetMaxCustomerAppointmentsADay())
	number("max_master_appointments_a_day", &p.MaxMasterDay, req.GetMaxMasterAppointmentsADay())
	fieldmask.Write(fields, "allow_customer_overlap", &p.AllowCustomerOverlap, req.GetAllowCustomerOverlap())
	fieldmask.Write(fields, "buffers_within_hours", &p.BuffersWithinHours, req.GetBuffersWithinHours())
	number("late_cancellation_fee_percent", &p.LateCancellationFee, req.GetLateCancellationFeePercent())
	number("no_show_fee_percent", &p.NoShowFee, req.GetNoShowFeePercent())
	minutes("hold_minutes", &p.HoldTime, req.GetHoldMinutes())
	minutes("waitlist_offer_minutes", &p.WaitlistOfferTime, req.GetWaitlistOfferMinutes())
	number("max_holds", &p.MaxHolds, req.GetMaxHolds())
}
