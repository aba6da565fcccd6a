package main

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// apiVersion is the version of the contract: it grows with what clients can see, not with releases.
const apiVersion = "1.0.0"

// introduction is what a user of the API reads first.
//
//go:embed info.md
var introduction string

// builder makes the document out of the plugin's one and the contract.
type builder struct {
	contract *contract
	raw      *document
	rawOps   map[string]*operation // by the plugin's operation id, "MasterService_GetMaster"
	doc      *document

	shared map[string]string // components of problems, by status and reasons

	types  map[protoreflect.FullName]protoreflect.Descriptor // the messages and enums that REST shows
	uses   map[protoreflect.FullName]use
	zeroes map[protoreflect.FullName]bool                      // enums whose zero value an answer may have
	setBy  map[protoreflect.FullName]map[protoreflect.Name]any // examples by resource and field
}

func newDocument(raw *document, c *contract) (*document, error) {
	b := &builder{
		contract: c,
		raw:      raw,
		rawOps:   map[string]*operation{},
		doc:      &document{OpenAPI: raw.OpenAPI},
		types:    map[protoreflect.FullName]protoreflect.Descriptor{},
		uses:     map[protoreflect.FullName]use{},
		zeroes:   map[protoreflect.FullName]bool{},
		setBy:    map[protoreflect.FullName]map[protoreflect.Name]any{},
	}
	for _, path := range raw.Paths.keys {
		for _, op := range raw.Paths.values[path].values {
			b.rawOps[op.OperationID] = op
		}
	}
	b.addInfo()
	b.findUses()
	b.findSetters()
	if err := b.addComponents(); err != nil {
		return nil, err
	}
	b.addSharedComponents()
	for _, m := range c.methods {
		if err := b.addOperation(m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.desc.FullName(), err)
		}
	}
	if err := b.checkOperationIDs(); err != nil {
		return nil, err
	}
	b.doc.Components.Schemas.sort()
	return b.doc, nil
}

// addInfo writes what concerns the API as a whole.
func (b *builder) addInfo() {
	b.doc.Info = info{
		Title:       "Salon API",
		Version:     apiVersion,
		Description: introduction,
		License:     &license{Name: "Apache 2.0", Identifier: "Apache-2.0"},
	}
	b.doc.Servers = []server{{URL: "/", Description: "this server"}}
	for _, sd := range b.contract.services {
		text := withoutSubject(string(sd.Name()), commentOf(sd))
		b.doc.Tags = append(b.doc.Tags, tag{Name: tagOf(sd), Description: joinParagraphs(text, b.reasonsOf(sd))})
	}
}

// tagOf names the part of the API that a service is: "Master" for MasterService.
func tagOf(sd protoreflect.Descriptor) string {
	return strings.TrimSuffix(string(sd.Name()), "Service")
}

// reasonsOf points to the errors that the methods of a service's package answer beyond the general ones.
func (b *builder) reasonsOf(sd protoreflect.ServiceDescriptor) string {
	name := areaName(sd)
	if !slices.ContainsFunc(b.contract.areas, func(a area) bool { return a.Area == name }) {
		return ""
	}
	return fmt.Sprintf("[Errors of this area](%sarea-%s)", problemBase, name)
}

func (b *builder) addOperation(m *method) error {
	raw, ok := b.rawOps[tagOf(m.desc.Parent())+"Service_"+string(m.desc.Name())]
	if !ok {
		return errors.New("the plugin's document lacks it")
	}
	op, err := b.newOperation(m, raw)
	if err != nil {
		return err
	}
	b.pathOf(m).set(strings.ToLower(m.Verb), op)
	return nil
}

// pathOf returns where the document has the path of a method. Paths are in the order of the methods, but that a collection
// comes before its members.
func (b *builder) pathOf(m *method) *pathItem {
	path := camelPath(m.Template)
	collection := path[:strings.LastIndex(path, "/")]
	for _, p := range []string{collection, path} {
		if _, ok := b.doc.Paths.get(p); !ok && (p == path || b.contract.hasPath(p)) {
			b.doc.Paths.set(p, &pathItem{})
		}
	}
	item, _ := b.doc.Paths.get(path)
	return item
}

// checkOperationIDs makes sure that a generated client has one function an operation.
func (b *builder) checkOperationIDs() error {
	seen := map[string]bool{}
	for _, path := range b.doc.Paths.keys {
		for _, op := range b.doc.Paths.values[path].values {
			if seen[op.OperationID] {
				return fmt.Errorf("two operations are called %s", op.OperationID)
			}
			seen[op.OperationID] = true
		}
	}
	return nil
}
