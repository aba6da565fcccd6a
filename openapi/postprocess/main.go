// Command postprocess turns what protoc-gen-openapiv3 makes of the contract into the OpenAPI document that Salon
// publishes.
//
// The plugin knows the shapes and the comments. It does not know what the gateway makes of an answer (201, ETag, problem
// details), which rules buf.validate sets, who may call what, or what an example looks like. All of that is in the
// contract too, as options, and this program adds it. Nothing about a single method is written down here but examples.
//
//	go run ./openapi/postprocess RAW CONTRACT FOLDER
//
// RAW is the merged output of the plugin, CONTRACT the contract with its comments as a FileDescriptorSet. FOLDER gets
// openapi.json and errors.json. The same input always gives the same bytes.
//
// Reading order: contract.go (what the contract says), document.go and operation.go (what is made of it), schema.go,
// rules.go and responses.go (the parts of an operation), example.go, reason.go (errors.json).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: postprocess RAW CONTRACT FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "postprocess:", err)
		os.Exit(1)
	}
}

func run(rawPath, contractPath, folder string) error {
	raw, err := readRaw(rawPath)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(contractPath)
	if err != nil {
		return err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		return fmt.Errorf("%s: %w", contractPath, err)
	}
	contract, err := newContract(set)
	if err != nil {
		return fmt.Errorf("%s: %w", contractPath, err)
	}
	doc, err := newDocument(raw, contract)
	if err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(folder, "openapi.json"), doc),
		write(filepath.Join(folder, "errors.json"), contract.areas),
	)
}

// readRaw reads the plugin's document. A key that is not known here stops it: it would be lost without a word.
func readRaw(path string) (*document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	doc := &document{}
	if err := dec.Decode(doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return doc, nil
}

func write(path string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}
