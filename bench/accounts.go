package main

import (
	"context"
	"net/http"
	"strconv"
)

// address is the email address of somebody in this run.
func (e *environment) address(name string) string { return name + "." + e.run + "@bench.example" }

// signIn signs the customers in. Tokens live for ten minutes.
func (e *environment) signIn(ctx context.Context) error {
	e.tokens = nil
	for i := range customers {
		token, err := e.login(ctx, e.address("customer"+strconv.Itoa(i)))
		if err != nil {
			return err
		}
		e.tokens = append(e.tokens, token)
	}
	return nil
}

func (e *environment) register(ctx context.Context, email string) (string, error) {
	user, _, err := e.call(ctx, http.MethodPost, "/v1/auth:register", "", map[string]any{
		"email": email, "password": password, "displayName": "Somebody",
	})
	id, _ := user["id"].(string)
	return id, err
}

func (e *environment) login(ctx context.Context, email string) (string, error) {
	pair, _, err := e.call(ctx, http.MethodPost, "/v1/auth:login", "", map[string]any{"email": email, "password": password})
	token, _ := pair["accessToken"].(string)
	return token, err
}
