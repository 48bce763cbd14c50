using System.Diagnostics.Metrics;

namespace Petrel.Model.Metrics;

/// <summary>
/// Adds the instruments of this process (<see cref="System.Diagnostics.Metrics"/>) to a registry: those of all meters whose names begin
/// with
/// <c>Petrel.</c>. Components measure with such instruments, which cost nothing while nobody listens.
/// </summary>
public sealed class MeterBridge : IDisposable
{
    private const string Prefix = "Petrel.";

    private readonly MeterListener _listener = new();

    /// <param name="registry">Where the instruments are added.</param>
    public MeterBridge(MetricRegistry registry)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(registry, instrument));
            }
        };
        _listener.SetMeasurementEventCallback<double>(static (i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<long>(static (i, value, tags, state) => Record(i, value, tags, state));
        _listener.SetMeasurementEventCallback<int>(static (i, value, tags, state) => Record(i, value, tags, state));
        _listener.Start();
        registry.BeforeReading(_listener.RecordObservableInstruments);
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var series = ((MetricFamily)state!).OfLabels(MetricLabels.Render(tags));
        switch (instrument)
        {
            case Histogram<double>:
                series.Observe(value);
                break;
            case { IsObservable: true }:
                series.Set(value);
                break;
            default:
                series.Add(value);
                break;
        }
    }

    private static MetricFamily FamilyOf(MetricRegistry registry, Instrument instrument)
    {
        var help = instrument.Description ?? "";
        return instrument switch
        {
            Histogram<double> histogram => registry.Histogram(
                instrument.Name,
                help,
                [.. histogram.Advice?.HistogramBucketBoundaries ?? MetricBuckets.Requests]
            ),
            Counter<long> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> => registry.Counter(
                instrument.Name,
                help
            ),
            _ => registry.Gauge(instrument.Name, help),
        };
    }
}
