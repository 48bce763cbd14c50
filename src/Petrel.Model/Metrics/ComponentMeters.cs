using System.Diagnostics.Metrics;

namespace Petrel.Model.Metrics;

/// <summary>Makes the instruments of a component, with upstream's names and buckets. They cost nothing while nobody listens.</summary>
public static class ComponentMeters
{
    /// <summary>The meter of a component, for example <c>Scheduler</c>. One for the process: meters are never collected.</summary>
    public static Meter Create(string component) => new($"Petrel.{component}");

    /// <summary>A number that only grows.</summary>
    public static Counter<long> Counter(this Meter meter, string name, string help) => meter.CreateCounter<long>(name, null, help);

    /// <summary>A number that grows and shrinks.</summary>
    public static UpDownCounter<long> Gauge(this Meter meter, string name, string help) =>
        meter.CreateUpDownCounter<long>(name, null, help);

    /// <summary>How measurements are distributed.</summary>
    public static Histogram<double> Histogram(this Meter meter, string name, string help, double[] buckets) =>
        meter.CreateHistogram(name, null, help, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
}
