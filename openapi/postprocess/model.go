package main

// The part of OpenAPI 3.1 that Salon's document consists of, in the order in which it is written.

type document struct {
	OpenAPI    string             `json:"openapi"`
	Info       info               `json:"info"`
	Servers    []server           `json:"servers,omitempty"`
	Tags       []tag              `json:"tags,omitempty"`
	Paths      ordered[*pathItem] `json:"paths"`
	Components components         `json:"components"`
}

type info struct {
	Title       string   `json:"title"`
	Version     string   `json:"version"`
	Description string   `json:"description,omitempty"`
	License     *license `json:"license,omitempty"`
}

type license struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier,omitempty"` // SPDX
}

type server struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// pathItem has the operations of a path by verb in lower case, in the order in which they are shown.
type pathItem = ordered[*operation]

type operation struct {
	Tags        []string               `json:"tags,omitempty"`
	Summary     string                 `json:"summary,omitempty"`
	Description string                 `json:"description,omitempty"`
	OperationID string                 `json:"operationId"`
	Roles       []string               `json:"x-salon-roles,omitempty"`
	Security    *[]securityRequirement `json:"security,omitempty"` // a pointer, since an empty list has a meaning
	Parameters  []*parameter           `json:"parameters,omitempty"`
	RequestBody *requestBody           `json:"requestBody,omitempty"`
	Responses   ordered[*response]     `json:"responses"`
}

type securityRequirement map[string][]string

type parameter struct {
	Ref         string  `json:"$ref,omitempty"`
	Name        string  `json:"name,omitempty"`
	In          string  `json:"in,omitempty"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *schema `json:"schema,omitempty"`
	Example     any     `json:"example,omitempty"`
}

type requestBody struct {
	Required bool               `json:"required,omitempty"`
	Content  ordered[mediaType] `json:"content"`
}

type response struct {
	Ref         string             `json:"$ref,omitempty"`
	Description string             `json:"description,omitempty"`
	Headers     ordered[*header]   `json:"headers,omitzero"`
	Content     ordered[mediaType] `json:"content,omitzero"`
}

type header struct {
	Ref         string  `json:"$ref,omitempty"`
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *schema `json:"schema,omitempty"`
	Example     any     `json:"example,omitempty"`
}

type mediaType struct {
	Schema   *schema           `json:"schema,omitempty"`
	Example  any               `json:"example,omitempty"`
	Examples ordered[*example] `json:"examples,omitzero"`
}

type example struct {
	Ref   string `json:"$ref,omitempty"`
	Value any    `json:"value,omitempty"`
}

type components struct {
	Schemas         ordered[*schema]        `json:"schemas,omitzero"`
	Responses       ordered[*response]      `json:"responses,omitzero"`
	Examples        ordered[*example]       `json:"examples,omitzero"`
	Parameters      ordered[*parameter]     `json:"parameters,omitzero"`
	Headers         ordered[*header]        `json:"headers,omitzero"`
	SecuritySchemes ordered[securityScheme] `json:"securitySchemes,omitzero"`
}

type securityScheme struct {
	Type         string `json:"type"`
	Scheme       string `json:"scheme"`
	BearerFormat string `json:"bearerFormat,omitempty"`
	Description  string `json:"description,omitempty"`
}

type schema struct {
	Ref                  string           `json:"$ref,omitempty"`
	Title                string           `json:"title,omitempty"` // the plugin writes it for streams
	AllOf                []*schema        `json:"allOf,omitempty"`
	Type                 string           `json:"type,omitempty"`
	Format               string           `json:"format,omitempty"`
	Description          string           `json:"description,omitempty"`
	Enum                 []string         `json:"enum,omitempty"`
	Pattern              string           `json:"pattern,omitempty"`
	MinLength            *uint64          `json:"minLength,omitempty"`
	MaxLength            *uint64          `json:"maxLength,omitempty"`
	Minimum              *float64         `json:"minimum,omitempty"`
	ExclusiveMinimum     *float64         `json:"exclusiveMinimum,omitempty"`
	Maximum              *float64         `json:"maximum,omitempty"`
	ExclusiveMaximum     *float64         `json:"exclusiveMaximum,omitempty"`
	Items                *schema          `json:"items,omitempty"`
	MinItems             *uint64          `json:"minItems,omitempty"`
	MaxItems             *uint64          `json:"maxItems,omitempty"`
	UniqueItems          bool             `json:"uniqueItems,omitempty"`
	Properties           ordered[*schema] `json:"properties,omitzero"`
	Required             []string         `json:"required,omitempty"`
	AdditionalProperties *bool            `json:"additionalProperties,omitempty"`
	ReadOnly             bool             `json:"readOnly,omitempty"`
	WriteOnly            bool             `json:"writeOnly,omitempty"`
	Examples             []any            `json:"examples,omitempty"`
}
