using System.Globalization;
using System.Text;

namespace Petrel.Model.Metrics;

/// <summary>The measurements of one combination of labels. May be used on any thread.</summary>
public sealed class MetricSeries
{
    private readonly Lock _gate = new();
    private readonly double[] _buckets;
    private readonly long[] _within;
    private double _value;
    private long _count;

    internal MetricSeries(double[] buckets) => (_buckets, _within) = (buckets, new long[buckets.Length]);

    /// <summary>Adds to a counter or gauge.</summary>
    public void Add(double amount)
    {
        lock (_gate)
        {
            _value += amount;
        }
    }

    /// <summary>Sets a gauge.</summary>
    public void Set(double value)
    {
        lock (_gate)
        {
            _value = value;
        }
    }

    /// <summary>Adds a measurement to a histogram.</summary>
    public void Observe(double value)
    {
        lock (_gate)
        {
            _value += value;
            _count++;
            for (var i = _buckets.Length - 1; i >= 0 && value <= _buckets[i]; i--)
            {
                _within[i]++;
            }
        }
    }

    // As other programs write it, so that series of both have the same labels.
    private static string Bound(double bucket) => bucket.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');

    internal void WriteTo(StringBuilder text, string name, string labels)
    {
        lock (_gate)
        {
            var braces = labels.Length == 0 ? "" : $"{{{labels}}}";
            if (_buckets.Length == 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {_value}\n");
                return;
            }
            var before = labels.Length == 0 ? "" : labels + ",";
            for (var i = 0; i < _buckets.Length; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"{Bound(_buckets[i])}\"}} {_within[i]}\n");
            }
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"+Inf\"}} {_count}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {_value}\n{name}_count{braces} {_count}\n");
        }
    }
}
