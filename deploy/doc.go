// Package deploy holds what Salon is installed and watched with: an image, compose files, a Helm chart, systemd units, a Caddyfile,
// dashboards and alerts. Its tests hold them against the program; those with the build tag deploy also need the tools that
// `make test-deploy` brings.
package deploy
