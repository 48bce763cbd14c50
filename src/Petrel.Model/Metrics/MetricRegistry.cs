using System.Text;

namespace Petrel.Model.Metrics;

/// <summary>The metrics that one server offers at <c>/metrics</c>, in the Prometheus text format.</summary>
public sealed class MetricRegistry
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly List<Action> _beforeReading = [];

    /// <summary>A number that only grows.</summary>
    public MetricFamily Counter(string name, string help, params string[] labels) => Add(name, "counter", help, [], labels);

    /// <summary>A number that grows and shrinks.</summary>
    public MetricFamily Gauge(string name, string help, params string[] labels) => Add(name, "gauge", help, [], labels);

    /// <summary>How measurements are distributed.</summary>
    public MetricFamily Histogram(string name, string help, double[] buckets, params string[] labels) =>
        Add(name, "histogram", help, buckets, labels);

    /// <summary>Does something whenever the metrics are about to be read, for example sets gauges.</summary>
    public void BeforeReading(Action action)
    {
        lock (_gate)
        {
            _beforeReading.Add(action);
        }
    }

    /// <summary>All families, by name.</summary>
    public IReadOnlyList<MetricFamily> Families
    {
        get
        {
            lock (_gate)
            {
                return [.. _families.Values];
            }
        }
    }

    /// <summary>All metrics in the Prometheus text format, version 0.0.4.</summary>
    public string Text()
    {
        Action[] actions;
        lock (_gate)
        {
            actions = [.. _beforeReading];
        }
        foreach (var action in actions)
        {
            action();
        }
        var text = new StringBuilder();
        foreach (var family in Families)
        {
            family.WriteTo(text);
        }
        return text.ToString();
    }

    // A name that is there already gives the same family, so that parts can share one.
    private MetricFamily Add(string name, string kind, string help, double[] buckets, string[] labels)
    {
        lock (_gate)
        {
            if (!_families.TryGetValue(name, out var family))
            {
                _families[name] = family = new MetricFamily(name, kind, help, buckets, labels);
            }
            return family;
        }
    }
}
