package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/postgres"
)

// replicas is the collector of the replicas of a service.
type replicas struct {
	states               func() []postgres.ReplicaState
	age, reads, failures *prometheus.Desc
}

// RegisterReplicas adds the metrics of the replicas of a database under the label pool=name. states is called at each scrape.
func RegisterReplicas(reg prometheus.Registerer, name string, states func() []postgres.ReplicaState) error {
	desc := func(metric, help string) *prometheus.Desc {
		return prometheus.NewDesc("salon_db_replica_"+metric, help, []string{"replica"}, prometheus.Labels{"pool": name})
	}
	return reg.Register(&replicas{
		states:   states,
		age:      desc("age_seconds", "How old answers of the replica may be at most, as of the last comparison with the primary."),
		reads:    desc("reads_total", "What was read from the replica."),
		failures: desc("failed_reads_total", "What could not be read from the replica, and was read from the primary."),
	})
}

// Describe implements [prometheus.Collector].
func (r *replicas) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.age, r.reads, r.failures} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (r *replicas) Collect(ch chan<- prometheus.Metric) {
	for _, s := range r.states() {
		ch <- prometheus.MustNewConstMetric(r.age, prometheus.GaugeValue, s.Age.Seconds(), s.Name)
		ch <- prometheus.MustNewConstMetric(r.reads, prometheus.CounterValue, float64(s.Reads), s.Name)
		ch <- prometheus.MustNewConstMetric(r.failures, prometheus.CounterValue, float64(s.Failures), s.Name)
	}
}
