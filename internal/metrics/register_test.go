package metrics

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func TestRegister(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	first := Register(reg, counter("a", "A."))
	if Register(reg, counter("a", "A.")) != first {
		t.Error("the second one is not the first")
	}
	if Register(reg, counter("b", "B.")) == first {
		t.Error("another one is the first")
	}
	if c := counter("a", "A."); Register(nil, c) != c {
		t.Error("without a registry it is another one")
	}
	for name, register := range map[string]func(){
		"with another help":    func() { Register(reg, counter("a", "Another.")) },
		"as another collector": func() { Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{Name: "a", Help: "A."})) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			register()
		})
	}
}
