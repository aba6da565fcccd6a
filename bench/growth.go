package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// growthFile is the drawing in the documentation, from the root of the tree.
const growthFile = "docs/benchmarks-search.svg"

// curve is how long a search takes as one thing grows.
type curve struct {
	title string
	x     []int
	y     []time.Duration // the median
	high  []time.Duration // the 90th percentile
}

// base is the search of which one thing at a time is varied: the first slot of each day.
func base() query { return query{services: []int{0}, days: 14, firstPerDay: true} }

// measureGrowth measures how the time of a search grows with masters, days, appointments and services, and draws it. One
// connection asks, so nobody waits for others.
func (e *environment) measureGrowth(ctx context.Context) error {
	twelve, err := e.targets(ctx, 12)
	if err != nil {
		return err
	}
	large, err := e.targets(ctx, 16)
	if err != nil {
		return err
	}
	var curves [4]curve
	curves[0].title = "masters to choose from"
	curves[1].title = "days"
	curves[2].title = "appointments a master has, past and future"
	curves[3].title = "services in a chain, any of 12 masters"
	add := func(c *curve, x int, q query, list []target) error {
		if err := e.warm(ctx, list); err != nil {
			return err
		}
		const calls = 400
		p50, p90, err := e.timeSearch(q, list, calls)
		c.x, c.y, c.high = append(c.x, x), append(c.y, p50), append(c.high, p90)
		return err
	}
	for _, n := range []int{1, 2, 4, 8, 12, 16} {
		q := base()
		q.masters = n
		if err := add(&curves[0], n, q, large); err != nil {
			return err
		}
	}
	for _, n := range []int{1, 7, 14, 31, 62} {
		q := base()
		q.days = n
		if err := add(&curves[1], n, q, twelve); err != nil {
			return err
		}
	}
	for list := range salonsByAppointments(twelve) {
		if err := add(&curves[2], list[0].AMaster, base(), list); err != nil {
			return err
		}
	}
	chain := []int{0, brows, trim, brows, trim, brows, trim, brows}
	for n := range chain {
		q := base()
		q.services = chain[:n+1]
		if err := add(&curves[3], n+1, q, twelve); err != nil {
			return err
		}
	}
	fmt.Println("\ngrowth of a search for the first slot of each of 14 days, any of 12 masters, one connection: " +
		"median, 90th percentile")
	for _, c := range curves {
		fmt.Printf("  %s:", c.title)
		for i, x := range c.x {
			fmt.Printf("  %d: %s, %s", x, ms(c.y[i]), ms(c.high[i]))
		}
		fmt.Println()
	}
	return os.WriteFile(growthFile, []byte(draw(curves[:])), 0o644) //nolint:gosec // a part of the documentation
}

// salonsByAppointments yields the salons by how many appointments their masters have, fewest first.
func salonsByAppointments(list []target) func(func([]target) bool) {
	return func(yield func([]target) bool) {
		for least := 0; ; {
			next := -1
			for _, t := range list {
				if t.AMaster > least && (next < 0 || t.AMaster < next) {
					next = t.AMaster
				}
			}
			if next < 0 {
				return
			}
			var some []target
			const rounding = 2 // the numbers of salons differ by it
			for _, t := range list {
				if t.AMaster > least && t.AMaster <= next+rounding {
					some = append(some, t)
				}
			}
			if !yield(some) {
				return
			}
			least = next + rounding
		}
	}
}

// draw returns the curves as an image, two in a row, each with a vertical axis of its own in milliseconds.
func draw(curves []curve) string {
	const width, height, left, top, gap = 300, 160, 50, 40, 90
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n",
		2*(width+gap), (len(curves)+1)/2*(height+gap))
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i, c := range curves {
		x0, y0 := left+i%2*(width+gap), top+i/2*(height+gap)
		most, last := c.high[0], c.x[len(c.x)-1]
		for _, y := range c.high {
			most = max(most, y)
		}
		step := axisStep(float64(most) / float64(time.Millisecond))
		scale := float64(height) / (5 * step)
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="13">ms by %s</text>`+"\n", x0, y0-14, c.title)
		for k := range 6 {
			y := float64(y0+height) - float64(k)*step*scale
			fmt.Fprintf(&b, `<path d="M%d %.1fh%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.4g</text>`+"\n",
				x0, y, width, x0-6, y+4, float64(k)*step)
		}
		for _, line := range []struct {
			values []time.Duration
			style  string
		}{{c.high, `stroke="#999" stroke-dasharray="4 3"`}, {c.y, `stroke="#06c" stroke-width="2"`}} {
			var points, marks strings.Builder
			for j, v := range line.values {
				x := float64(x0) + float64(width)*float64(c.x[j])/float64(last)
				y := float64(y0+height) - float64(v)/float64(time.Millisecond)*scale
				fmt.Fprintf(&points, "%.1f,%.1f ", x, y)
				fmt.Fprintf(&marks, `<circle cx="%.1f" cy="%.1f" r="2.5"/>`, x, y)
			}
			fmt.Fprintf(&b, `<polyline points="%s" fill="none" %s/>%s`+"\n",
				strings.TrimSpace(points.String()), line.style, marks.String())
		}
		for _, x := range c.x {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n",
				float64(x0)+float64(width)*float64(x)/float64(last), y0+height+16, x)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// axisStep is the distance of five lines that reach a value: 1, 2 or 5 times a power of ten.
func axisStep(most float64) float64 {
	for step := 0.001; ; step *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if 5*f*step >= most {
				return f * step
			}
		}
	}
}
