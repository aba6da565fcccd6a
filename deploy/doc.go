// Package deploy holds what Salon is installed with: an image, a compose file and a script. Its tests hold them against
// the program.
package deploy
