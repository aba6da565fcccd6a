// Command protodeps prints the .proto files that our contract imports
// (google/api, google/rpc, buf/validate, the OpenAPI options)
// into a folder that buf reads as a second module.
//
// No Go module contains those files, but each contains their descriptors. Printing the descriptors gives exactly
// the files that the pinned Go modules were generated from, and generating code needs no schema registry.
//
//	go run ./internal/tools/protodeps third_party/proto
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Each of these registers the descriptors of one imported .proto file.
	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	_ "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv3/options"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/api/httpbody"
	_ "google.golang.org/genproto/googleapis/api/visibility"
	_ "google.golang.org/genproto/googleapis/rpc/code"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps FOLDER")
		os.Exit(2)
	}
	if err := printTo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// printTo replaces folder with the registered files. It leaves out the google/protobuf files, because buf has its
// own.
func printTo(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(file.Path(), "google/protobuf/") {
			files = append(files, file)
		}
		return true
	})
	printer := protoprint.Printer{Compact: true}
	return printer.PrintProtosToFileSystem(files, folder)
}
