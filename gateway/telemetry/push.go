package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// pusher sends the metrics of the registry to a collector. A nil pusher sends none.
type pusher struct {
	provider *sdk.MeterProvider
	client   *http.Client
}

func newPusher(o Options, from prometheus.Gatherer, g *gate) (*pusher, error) {
	if o.Metrics.Endpoint == "" {
		return nil, nil
	}
	client := newClient()
	exporter, err := otlpmetrichttp.New(context.Background(),
		otlpmetrichttp.WithEndpointURL(o.Metrics.url("metrics")), otlpmetrichttp.WithHeaders(o.Metrics.headers()),
		otlpmetrichttp.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("telemetry.metrics: %w", err)
	}
	reader := sdk.NewPeriodicReader(metricExporter{exporter, g}, sdk.WithInterval(o.Every), sdk.WithTimeout(exportTime),
		sdk.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(from))))
	return &pusher{sdk.NewMeterProvider(sdk.WithResource(o.resource()), sdk.WithReader(reader)), client}, nil
}

func (p *pusher) end(ctx context.Context) {
	if p == nil {
		return
	}
	_ = p.provider.Shutdown(ctx) // the gate has seen what failed
	p.client.CloseIdleConnections()
}

// metricExporter counts the exports that failed. Nothing is lost by one: the next tells the sums again.
type metricExporter struct {
	sdk.Exporter
	gate *gate
}

// Export exports all metrics as they stand.
func (e metricExporter) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	err := e.Exporter.Export(ctx, all)
	e.gate.exported(1, err)
	return err
}
