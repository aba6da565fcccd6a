package resource

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func kindToProto(k Kind) *appointmentv1.ResourceKind {
	return &appointmentv1.ResourceKind{
		Id:         k.ID,
		SalonId:    k.SalonID,
		Name:       k.Name,
		CreateTime: protoconv.Timestamp(k.CreateTime),
	}
}

func toProto(r Resource) *appointmentv1.Resource {
	return &appointmentv1.Resource{
		Id:             r.ID,
		SalonId:        r.SalonID,
		ResourceKindId: r.KindID,
		Name:           r.Name,
		Active:         r.Active,
		CreateTime:     protoconv.Timestamp(r.CreateTime),
		UpdateTime:     protoconv.Timestamp(r.UpdateTime),
		Etag:           etag.Format(r.Version),
	}
}

func closureToProto(c Closure) *appointmentv1.ResourceClosure {
	return &appointmentv1.ResourceClosure{
		Id:         c.ID,
		ResourceId: c.ResourceID,
		StartTime:  protoconv.Timestamp(c.Start),
		EndTime:    protoconv.Timestamp(c.End),
		Note:       c.Note,
		CreateTime: protoconv.Timestamp(c.CreateTime),
	}
}

// conflictsToProto returns at most maxConflicts conflicts, and whether there are more.
func conflictsToProto(conflicts []Conflict) (list []*appointmentv1.Conflict, more bool) {
	if len(conflicts) > maxConflicts {
		conflicts, more = conflicts[:maxConflicts], true
	}
	list = make([]*appointmentv1.Conflict, len(conflicts))
	for i, c := range conflicts {
		list[i] = &appointmentv1.Conflict{
			AppointmentId: c.AppointmentID,
			Etag:          etag.Format(c.Version),
			StartTime:     protoconv.Timestamp(c.Start),
			EndTime:       protoconv.Timestamp(c.End),
			MasterIds:     c.MasterIDs,
		}
	}
	return list, more
}
