package user

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/etag"
)

// rolePrefix is what proto style demands of the enum's values and the database
// does without.
const rolePrefix = "ROLE_"

func roleColumn(r apiv1.Role) string { return strings.TrimPrefix(r.String(), rolePrefix) }

// roleFromColumn reads what roleColumn wrote; the column's CHECK admits nothing else.
func roleFromColumn(s string) apiv1.Role { return apiv1.Role(apiv1.Role_value[rolePrefix+s]) }

func toUser(a Account) *userv1.User {
	return &userv1.User{
		Id:          a.ID,
		Email:       a.Email,
		DisplayName: a.DisplayName,
		Phone:       a.Phone,
		Role:        a.Role,
		Disabled:    a.Disabled,
		CreateTime:  timestamppb.New(a.CreateTime),
		UpdateTime:  timestamppb.New(a.UpdateTime),
		Etag:        etag.Format(a.Version),
	}
}

func toSession(s Session, current string) *userv1.Session {
	return &userv1.Session{
		Id:           s.ID,
		UserAgent:    s.UserAgent,
		IpAddress:    s.IPAddress,
		Current:      s.ID == current,
		CreateTime:   timestamppb.New(s.CreateTime),
		LastUsedTime: timestamppb.New(s.LastUsedTime),
		ExpireTime:   timestamppb.New(s.ExpireTime),
	}
}

func toMaster(m Master) *userv1.Master {
	return &userv1.Master{
		Id:              m.ID,
		DisplayName:     m.Profile.DisplayName,
		Bio:             m.Profile.Bio,
		Specialties:     m.Profile.Specialties,
		ExperienceYears: m.Profile.ExperienceYears,
		PhotoUrl:        m.Profile.PhotoURL,
		RatingMean:      m.RatingMean(),
		RatingCount:     m.RatingCount,
		CreateTime:      timestamppb.New(m.CreateTime),
		UpdateTime:      timestamppb.New(m.UpdateTime),
		Etag:            etag.Format(m.Version, m.RatingVersion),
	}
}

// masterRevision is [Master.Revision] of what toMaster made: the sum of the etag's
// two versions.
func masterRevision(m *userv1.Master) int64 {
	var sum int64
	for part := range strings.SplitSeq(m.GetEtag(), "-") {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return 0
		}
		sum += n
	}
	return sum
}

func convertAll[T, U any](in []T, convert func(T) U) []U {
	out := make([]U, len(in))
	for i, v := range in {
		out[i] = convert(v)
	}
	return out
}
