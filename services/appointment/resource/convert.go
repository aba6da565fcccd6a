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

// named returns at most maxConflicts of conflicts, and whether there are more.
func named(conflicts []Conflict) (list []Conflict, more bool) {
	if len(conflicts) > maxConflicts {
		return conflicts[:maxConflicts], true
	}
	return conflicts, false
}

// appointmentsToProto returns at most maxConflicts appointments, and whether there are more.
func (i Impact) appointmentsToProto() (list []*appointmentv1.Conflict, more bool) {
	found, more := named(i.Appointments)
	for _, c := range found {
		list = append(list, &appointmentv1.Conflict{
			AppointmentId: c.ID, Etag: etag.Format(c.Version),
			StartTime: protoconv.Timestamp(c.Start), EndTime: protoconv.Timestamp(c.End), MasterIds: c.MasterIDs,
		})
	}
	return list, more
}

// sessionsToProto returns at most maxConflicts group sessions, and whether there are more.
func (i Impact) sessionsToProto() (list []*appointmentv1.GroupSessionConflict, more bool) {
	found, more := named(i.Sessions)
	for _, c := range found {
		list = append(list, &appointmentv1.GroupSessionConflict{
			GroupSessionId: c.ID, Etag: etag.Format(c.Version),
			StartTime: protoconv.Timestamp(c.Start), EndTime: protoconv.Timestamp(c.End), MasterId: c.MasterIDs[0],
		})
	}
	return list, more
}

// toProto returns the answer of a change of a resource, without the resource.
func (i Impact) toProto() *appointmentv1.UpdateResourceResponse {
	answer := &appointmentv1.UpdateResourceResponse{}
	answer.Conflicts, answer.MoreConflicts = i.appointmentsToProto()
	answer.GroupSessions, answer.MoreGroupSessions = i.sessionsToProto()
	return answer
}
