package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// compile makes a FileDescriptorSet with comments, as `buf build` does, out of files in testdata and in our contract.
// What they import from elsewhere comes from the descriptors that this program links.
func compile(t *testing.T, files ...string) *descriptorpb.FileDescriptorSet {
	t.Helper()
	linked := protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
		if strings.HasPrefix(path, "salon/") {
			return protocompile.SearchResult{}, protoregistry.NotFound // from source, for the comments
		}
		fd, err := protoregistry.GlobalFiles.FindFileByPath(path)
		if err != nil {
			return protocompile.SearchResult{}, err
		}
		return protocompile.SearchResult{Proto: protodesc.ToFileDescriptorProto(fd)}, nil
	})
	compiler := protocompile.Compiler{
		Resolver: protocompile.CompositeResolver{
			&protocompile.SourceResolver{ImportPaths: []string{"testdata", "../../proto"}}, linked,
		},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(t.Context(), files...)
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i))
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
	}
	for _, f := range compiled {
		add(f)
	}
	// Through bytes, so that options become the linked types.
	data, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	out := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

var thingFiles = []string{"salon/thing/v1/thing.proto", "salon/api/v1/errors.proto", "salon/rating/v1/errors.proto"}

// things runs the program on the contract in testdata, whose raw.json the plugin made, and returns what it wrote.
func things(t *testing.T) map[string]any {
	t.Helper()
	folder := t.TempDir()
	data, err := proto.Marshal(compile(t, thingFiles...))
	if err != nil {
		t.Fatal(err)
	}
	contract := filepath.Join(folder, "contract.binpb")
	if err := os.WriteFile(contract, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("testdata/raw.json", contract, folder); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	written, err := os.ReadFile(filepath.Join(folder, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at follows keys, separated by spaces, into a document.
func at(t *testing.T, doc map[string]any, path string) any {
	t.Helper()
	var v any = doc
	for key := range strings.FieldsSeq(path) {
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing at %s", path, key)
		}
		v = object[key]
	}
	return v
}

func TestDocument(t *testing.T) {
	doc := things(t)
	for path, want := range map[string]string{
		"paths /v1/things post operationId":                                                                      `"createThing"`,
		"paths /v1/things post summary":                                                                          `"Makes a thing"`,
		"paths /v1/things post description":                                                                      `"Makes a thing; it costs nothing.\n\n*For administrators only.*"`,
		"paths /v1/things post security":                                                                         `[{"bearerAuth":[]}]`,
		"paths /v1/things post x-salon-roles":                                                                    `["ROLE_ADMIN"]`,
		"paths /v1/things post parameters":                                                                       `[{"$ref":"#/components/parameters/IdempotencyKey"}]`,
		"paths /v1/things post requestBody required":                                                             `true`,
		"paths /v1/things post responses 201 headers Location":                                                   `{"$ref":"#/components/headers/Location"}`,
		"paths /v1/things post responses 200":                                                                    `null`,
		"paths /v1/things get security":                                                                          `[]`,
		"paths /v1/things get responses 200 headers Link":                                                        `{"$ref":"#/components/headers/Link"}`,
		"paths /v1/things/{thingId} get responses 304":                                                           `{"$ref":"#/components/responses/NotModified"}`,
		"paths /v1/things/{thingId} get responses 401":                                                           `null`,
		"paths /v1/things/{thingId} patch requestBody required":                                                  `null`,
		"paths /v1/things/{thingId} patch description":                                                           `"*For administrators, masters and managers only.*"`,
		"paths /v1/things/{thingId} patch x-salon-roles":                                                         `["ROLE_ADMIN","SALON_ROLE_MASTER","SALON_ROLE_MANAGER"]`,
		"paths /v1/things/{thingId}:touch post description":                                                      `"*For everybody who is signed in.*"`,
		"paths /v1/things/{thingId} patch responses 412":                                                         `{"$ref":"#/components/responses/PreconditionFailed"}`,
		"paths /v1/things/{thingId}:touch post requestBody":                                                      `null`,
		"paths /v1/things/{thingId}:touch post responses 204 content":                                            `null`,
		"components schemas Thing required":                                                                      `["id","name","colour","mood","ownerId","createTime","etag"]`,
		"components schemas Thing additionalProperties":                                                          `null`,
		"components schemas Thing properties id":                                                                 `{"description":"UUIDv7.","format":"uuid","readOnly":true,"type":"string"}`,
		"components schemas Thing properties ownerId format":                                                     `null`,
		"components schemas Thing properties colour $ref":                                                        `"#/components/schemas/Colour"`,
		"components schemas CreateThingRequest required":                                                         `["name","colour","secret"]`,
		"components schemas CreateThingRequest additionalProperties":                                             `false`,
		"components schemas CreateThingRequest properties name":                                                  `{"description":"Its name. One line of text.","examples":["Chair"],"maxLength":20,"minLength":1,"type":"string"}`,
		"components schemas CreateThingRequest properties secret":                                                `{"description":"What opens it.","format":"password","type":"string","writeOnly":true}`,
		"components schemas UpdateThingRequest required":                                                         `null`,
		"components schemas UpdateThingRequest properties thingId":                                               `null`,
		"components schemas UpdateThingRequest properties updateMask":                                            `{"description":"The fields to write. Names of fields, separated by commas.","type":"string"}`,
		"components schemas Colour enum":                                                                         `["COLOUR_RED"]`,
		"components schemas Mood enum":                                                                           `["MOOD_UNSPECIFIED","MOOD_GOOD"]`,
		"components schemas google.rpc.Status":                                                                   `null`,
		"components responses NotFound content application/problem+json":                                         `{"examples":{"NOT_FOUND":{"$ref":"#/components/examples/NOT_FOUND"},"NO_SUCH_METHOD":{"$ref":"#/components/examples/NO_SUCH_METHOD"}},"schema":{"allOf":[{"$ref":"#/components/schemas/Problem"},{"properties":{"reason":{"enum":["NOT_FOUND","NO_SUCH_METHOD"],"type":"string"}},"required":["reason"],"type":"object"}]}}`,
		"components examples NOT_FOUND":                                                                          `{"value":{"detail":"no such thing, or none that the caller may see","instance":"urn:request:019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0cff","reason":"NOT_FOUND","status":404,"title":"Not Found","type":"/docs/errors#not-found"}}`,
		"components examples TOO_LATE_TO_RATE":                                                                   `null`,
		"paths /v1/things/{thingId}:touch post responses 403":                                                    `{"$ref":"#/components/responses/PermissionDenied"}`,
		"paths /v1/things/{thingId}:touch post responses 404 content application/problem+json examples":          `{"NO_SUCH_METHOD":{"$ref":"#/components/examples/NO_SUCH_METHOD"}}`,
		"paths /v1/things/{thingId}:touch post responses 405":                                                    `null`,
		"paths /v1/things/{thingId}:touch post responses 400 content application/problem+json examples OWN_WORK": `{"$ref":"#/components/examples/OWN_WORK"}`,
		"tags": `[{"description":"Keeps things.\n\n[Errors of this area](/docs/errors#area-thing)","name":"Thing"}]`,
	} {
		got, err := json.Marshal(at(t, doc, path))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", path, got, want)
		}
	}
	if strings.Contains(toJSON(t, doc), "ountThings") {
		t.Error("the document has a method for Salon's own services")
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The names of the query parameters are JSON's, and the values that they take are the contract's.
func TestQueryParameters(t *testing.T) {
	params, _ := at(t, things(t), "paths /v1/things get parameters").([]any)
	want := `[{"description":"The order: \"name\" or \"create_time desc\".","in":"query","name":"orderBy",` +
		`"schema":{"enum":["name","create_time desc"],"type":"string"}},` +
		`{"description":"As nextPageToken gave it.","in":"query","name":"pageToken","schema":{"type":"string"}}]`
	if got := toJSON(t, params); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOutputIsDeterministic(t *testing.T) {
	set := compile(t, thingFiles...)
	document := func() string {
		raw, err := readRaw("testdata/raw.json")
		if err != nil {
			t.Fatal(err)
		}
		c, err := newContract(set)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := newDocument(raw, c)
		if err != nil {
			t.Fatal(err)
		}
		return toJSON(t, doc)
	}
	first := document()
	for range 5 {
		if document() != first {
			t.Fatal("the same contract gave another document")
		}
	}
}

// errors.json in the repository is that of today's contract.
func TestErrorsAreUpToDate(t *testing.T) {
	files, err := filepath.Glob("../../proto/salon/*/v1/*.proto")
	if err != nil || len(files) < 4 {
		t.Fatalf("found %v: %v", files, err)
	}
	for i, f := range files {
		files[i] = strings.TrimPrefix(filepath.ToSlash(f), "../../proto/")
	}
	c, err := newContract(compile(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "errors.json")
	if err := write(path, c.areas); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../errors.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("openapi/errors.json is not that of the contract: run make generate")
	}
}

func TestWhatThePluginDoesNotKnowStopsTheProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw.json")
	for name, raw := range map[string]string{
		"a key that would be lost": `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{"/x":{"get":{"operationId":"x","callbacks":{}}}}}`,
		"no JSON":                  `{`,
	} {
		if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readRaw(path); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	c, err := newContract(compile(t, thingFiles...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newDocument(&document{}, c); err == nil {
		t.Error("a plugin's document without the contract's types is accepted")
	}
}
