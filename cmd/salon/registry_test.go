package main

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// Whatever a service forgets to declare, such as a subject of the stream, would only fail at run time.
func TestDefinitionsMatchTheContract(t *testing.T) {
	t.Parallel()
	served := map[string]bool{}
	for _, d := range definitions {
		if d.New == nil || d.Migrations.Service == "" || len(d.APIs) == 0 {
			t.Errorf("%s is not complete", d.Name)
		}
		for _, api := range d.APIs {
			served[api.Desc.ServiceName] = true
			if got := service.NameOf(api.Desc); got != d.Name {
				t.Errorf("%s has the contract of %s", d.Name, got)
			}
		}
		for _, callee := range d.Calls {
			if _, ok := definition(callee); !ok {
				t.Errorf("%s calls %s, which is no service", d.Name, callee)
			}
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			if name := string(file.Services().Get(i).FullName()); strings.HasPrefix(name, "salon.") && !served[name] {
				t.Errorf("%s is in the contract and in no definition", name)
			}
			checkCallers(t, file.Services().Get(i))
		}
		return true
	})
	got := streamSubjects()
	slices.Sort(got)
	if want := servicetest.ContractSubjects(); !slices.Equal(got, want) {
		t.Errorf("the services publish %v, the contract has %v", got, want)
	}
}

func TestTargets(t *testing.T) {
	c := parse(t, []string{"SALON_USER_TARGET=u:1", "SALON_RATING_TARGET=r:1"}, "serve", "--target=rating=r:2", "--target=appointment=a:1").Serve
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"user": "u:1", "appointment": "a:1", "rating": "r:2", "notification": ""} {
		if got := c.target(name); got != want {
			t.Errorf("target of %s is %q, want %q", name, got, want)
		}
	}
}

// checkCallers checks that the services that the policies of a service's methods name are such as call it.
func checkCallers(t *testing.T, of protoreflect.ServiceDescriptor) {
	t.Helper()
	for i := range of.Methods().Len() {
		method := "/" + string(of.FullName()) + "/" + string(of.Methods().Get(i).Name())
		policy, _ := rpc.Policy(method)
		for _, caller := range policy.GetServices() {
			if callee := strings.Split(method, ".")[1]; !slices.Contains(callees(caller), callee) {
				t.Errorf("%s is for %s, which does not call %s", method, caller, callee)
			}
		}
	}
}
