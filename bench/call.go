package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// errNotFound is part of the error of a call that was answered with 404.
var errNotFound = errors.New("not found")

// call makes a REST call and reads the answer into a map.
func (e *environment) call(ctx context.Context, method, path, token string, body any) (map[string]any, string, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, "", err
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+e.httpAddr+path, reader)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode >= 300 {
		err := fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
		if resp.StatusCode == http.StatusNotFound {
			err = fmt.Errorf("%w: %w", errNotFound, err)
		}
		return nil, "", err
	}
	var answer map[string]any
	if len(text) > 0 {
		err = json.Unmarshal(text, &answer)
	}
	return answer, string(text), err
}
