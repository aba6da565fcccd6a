// Package conformance calls every operation of the OpenAPI document with generated requests, as everybody who may call, and
// compares every answer with the document.
package conformance
