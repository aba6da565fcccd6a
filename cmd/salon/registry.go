package main

import (
	"slices"
	"strings"

	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment"
	"github.com/beauty-salon/platform/services/notification"
	"github.com/beauty-salon/platform/services/rating"
	"github.com/beauty-salon/platform/services/user"
)

// definitions are the services of Salon, in the order in which they start. A new service is its folder and one entry
// here.
var definitions = []service.Definition{user.Definition, appointment.Definition, rating.Definition, notification.Definition}

// serviceNames are the names of all services, in the order of definitions.
var serviceNames = func() []string {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.Name
	}
	return names
}()

// definition returns the definition of a service, and false when there is no service with that name.
func definition(name string) (service.Definition, bool) {
	i := slices.Index(serviceNames, name)
	if i < 0 {
		return service.Definition{}, false
	}
	return definitions[i], true
}

// streamSubjects are the first tokens of the types of all events.
func streamSubjects() []string {
	var subjects []string
	for _, d := range definitions {
		subjects = append(subjects, d.Subjects...)
	}
	return subjects
}

// callees are the services that a service or the gateway calls.
func callees(caller string) []string {
	if caller == gatewayName {
		return serviceNames
	}
	d, _ := definition(caller)
	return d.Calls
}

// targetVariables lists the variables of all services, for the help.
func targetVariables() string {
	variables := make([]string, len(serviceNames))
	for i, name := range serviceNames {
		variables[i] = targetVariable(name)
	}
	return strings.Join(variables, ", ")
}

// targetVariable is the environment variable with the address of a service.
func targetVariable(name string) string { return "SALON_" + strings.ToUpper(name) + "_TARGET" }
