using System.Globalization;
using System.Text;

namespace Petrel.Model.Metrics;

/// <summary>
/// One family of metrics: a name, a meaning, and one series for each combination of labels. Clients can't make more than
/// <see cref="MaxSeries"/>: further ones are counted together, with the labels' values empty.
/// </summary>
public sealed class MetricFamily
{
    /// <summary>How many series one family has at most.</summary>
    public const int MaxSeries = 5000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly string[] _labels;
    private readonly double[] _buckets;

    internal MetricFamily(string name, string kind, string help, double[] buckets, string[] labels) =>
        (Name, Kind, Help, _buckets, _labels) = (name, kind, help, buckets, labels);

    /// <summary>The name, as dashboards know it.</summary>
    public string Name { get; }

    /// <summary>counter, gauge or histogram.</summary>
    public string Kind { get; }

    /// <summary>What it measures.</summary>
    public string Help { get; }

    /// <summary>The series of some label values, in the order of the family's labels. Keep it where many measurements are made.</summary>
    public MetricSeries Of(params ReadOnlySpan<string> values)
    {
        if (values.Length != _labels.Length)
        {
            throw new ArgumentException($"{Name} has {_labels.Length} labels, and {values.Length} values were given.", nameof(values));
        }
        return OfLabels(MetricLabels.Render(_labels, values));
    }

    /// <summary>The family in the Prometheus text format, version 0.0.4.</summary>
    public void WriteTo(StringBuilder text)
    {
        KeyValuePair<string, MetricSeries>[] series;
        lock (_gate)
        {
            series = [.. _series];
        }
        text.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {Help}\n# TYPE {Name} {Kind}\n");
        foreach (var (labels, one) in series.OrderBy(static s => s.Key, StringComparer.Ordinal))
        {
            one.WriteTo(text, Name, labels);
        }
    }

    internal MetricSeries OfLabels(string labels)
    {
        lock (_gate)
        {
            if (_series.TryGetValue(labels, out var found))
            {
                return found;
            }
            if (_series.Count >= MaxSeries)
            {
                labels = MetricLabels.Render(_labels, [.. _labels.Select(static _ => "")]);
                if (_series.TryGetValue(labels, out found))
                {
                    return found;
                }
            }
            return _series[labels] = new MetricSeries(_buckets);
        }
    }
}
