// Package series books appointments that repeat.
package series
