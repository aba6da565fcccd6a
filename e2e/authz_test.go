package e2e_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// outcomes are the words of the table.
var outcomes = map[string]codes.Code{
	"OK":    codes.OK,
	"--":    codes.Unauthenticated,
	"no":    codes.PermissionDenied,
	"404":   codes.NotFound, // what somebody may not see does not exist for them
	"wrong": codes.FailedPrecondition,
}

// right is a row of the table: what happens to each of the callers.
type right struct {
	method string
	// Outcomes for nobody; customers A and B; masters 1 and 2, receptionist and manager of the salon; receptionist, manager
	// and master of another salon; and an administrator.
	want string
	// The request. It is made anew for each call that is to succeed, since that may use up what it names.
	req func(*stage) proto.Message
}

// Outcomes of more than one row.
const (
	everybody = "OK  OK OK  OK OK OK OK  OK OK OK  OK"
	signedIn  = "--  OK OK  OK OK OK OK  OK OK OK  OK"
	adminOnly = "--  no no  no no no no  no no no  OK"
	managers  = "--  no no  no no no OK  no no no  OK"
	seeHours  = "--  no no  OK 404 OK OK  404 404 404  OK"
	setHours  = "--  no no  no no no OK  no 404 no  OK"
)

// table says who may do what. Appointments, ratings, customers and profiles are those of customer A and master 1.
func table() []right {
	rows := accountRights
	for _, more := range [][]right{
		memberRights, salonRights, scheduleRights, availabilityRights, holdRights, resourceRights, customerRights, appointmentRights, deskRights, ratingRights,
		seriesRights, groupRights, waitlistRights, watchRights, notificationRights,
	} {
		rows = append(rows, more...)
	}
	return rows
}

// TestAuthorization calls every method as everybody.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	// Not the shared system: others change the rules of the default salon all the time, and a move gives up after so many changes.
	s := salontest.Start(t)
	rows := map[string]right{}
	for _, row := range table() {
		if _, twice := rows[row.method]; twice {
			t.Errorf("%s has two rows", row.method)
		}
		rows[row.method] = row
	}
	st := newStage(t, s)
	callers := []struct {
		name string
		as   salontest.Identity
	}{
		{"nobody", nil},
		{"customer A", st.CustomerA},
		{"customer B", st.CustomerB},
		{"master 1", st.Master1},
		{"master 2", st.Master2},
		{"receptionist", st.receptionist},
		{"manager", st.manager},
		{"receptionist of another salon", st.otherReceptionist},
		{"manager of another salon", st.otherManager},
		{"master of another salon", st.otherMaster},
		{"administrator", st.Admin},
	}
	for _, md := range publicMethods(t) {
		row, ok := rows[fullName(md)]
		if !ok {
			t.Errorf("%s has no row: say in the table who may call it", md.FullName())
			continue
		}
		want := strings.Fields(row.want)
		if len(want) != len(callers) {
			t.Fatalf("%s: %d outcomes for %d callers", md.FullName(), len(want), len(callers))
		}
		t.Run(string(md.Parent().Name())+"."+string(md.Name()), func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
				st := st.in(t)
				req := row.req(st)
				for i, caller := range callers {
					code, known := outcomes[want[i]]
					if !known {
						t.Fatalf("there is no outcome %q", want[i])
					}
					got := c.Call(t, caller.as, row.method, req)
					if got.Code != code {
						t.Errorf("%s: %v, want %s", caller.name, got, code)
					}
					if got.Code == codes.OK {
						req = row.req(st)
					}
				}
			})
		})
	}
}

// TestInternalMethods: methods for the services among themselves are nowhere to be found, not even for an administrator.
func TestInternalMethods(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	internal := methods(isInternal)
	if len(internal) == 0 {
		t.Fatal("the contract has no internal methods")
	}
	for _, md := range internal {
		s.GRPC().Call(t, s.Admin(), fullName(md), newRequest(t, md)).Want(t, codes.Unimplemented, "NO_SUCH_METHOD")
		r := salontest.NewRequest("POST", fullName(md), "{}").As(t, s.Admin())
		s.HTTP(t, r).Result(t, nil).Want(t, codes.Unimplemented, "NO_SUCH_METHOD")
	}
}
