using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Metrics;

/// <summary>
/// How many requests were answered and how long that took, under upstream's names; for any listener of
/// <see cref="System.Diagnostics.Metrics"/>, and as Prometheus text at <c>/metrics</c>.
/// </summary>
internal sealed class RequestMetrics
{
    public const string MeterName = "Petrel.ApiServer";

    // Upstream's buckets, the sparser half.
    private static readonly double[] Buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    // One for the process: meters are never collected, and a simulation makes many servers.
    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Total = Meter.CreateCounter<long>("apiserver_request_total");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("apiserver_request_duration_seconds", "s");

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Series> _durations = new(StringComparer.Ordinal);

    /// <summary>Counts an answered request; watches and followed logs have no duration.</summary>
    public void Record(RequestInfo info, int code, TimeSpan? duration)
    {
        var verb = info.IsResource || info.Verb is "get" or "head" ? info.Verb.ToUpperInvariant() : "OTHER";
        // Only what exists becomes a label: paths are the client's to choose.
        var known = code is not (404 or 403);
        var labels = $"verb=\"{verb}\",group=\"{(known ? info.Group : "")}\",version=\"{(known ? info.Version : "")}\",resource=\"{(known ? info.Resource : "")}\",subresource=\"{(known ? info.Subresource : "")}\"";
        Total.Add(1, new("verb", verb), new("resource", info.Resource), new("code", code));
        if (duration is { } taken)
        {
            Duration.Record(taken.TotalSeconds, new("verb", verb), new("resource", info.Resource));
        }
        lock (_gate)
        {
            var counted = string.Create(CultureInfo.InvariantCulture, $"{labels},code=\"{code}\"");
            _counts[counted] = _counts.GetValueOrDefault(counted) + 1;
            if (duration is { } time)
            {
                if (!_durations.TryGetValue(labels, out var series))
                {
                    _durations[labels] = series = new Series();
                }
                series.Add(time.TotalSeconds);
            }
        }
    }

    /// <summary>The Prometheus text format, version 0.0.4.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.Append("# HELP apiserver_request_total Counter of apiserver requests.\n# TYPE apiserver_request_total counter\n");
        lock (_gate)
        {
            foreach (var (labels, count) in _counts)
            {
                text.Append(CultureInfo.InvariantCulture, $"apiserver_request_total{{{labels}}} {count}\n");
            }
            text.Append("# HELP apiserver_request_duration_seconds Response latency in seconds.\n# TYPE apiserver_request_duration_seconds histogram\n");
            foreach (var (labels, series) in _durations)
            {
                series.Write(text, labels);
            }
        }
        return text.ToString();
    }

    private sealed class Series
    {
        private readonly long[] _within = new long[Buckets.Length];
        private long _count;
        private double _sum;

        public void Add(double seconds)
        {
            _count++;
            _sum += seconds;
            for (var i = 0; i < Buckets.Length; i++)
            {
                if (seconds <= Buckets[i])
                {
                    _within[i]++;
                }
            }
        }

        public void Write(StringBuilder text, string labels)
        {
            const string Name = "apiserver_request_duration_seconds";
            for (var i = 0; i < Buckets.Length; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{{labels},le=\"{Buckets[i]}\"}} {_within[i]}\n");
            }
            text.Append(CultureInfo.InvariantCulture, $"{Name}_bucket{{{labels},le=\"+Inf\"}} {_count}\n");
            text.Append(CultureInfo.InvariantCulture, $"{Name}_sum{{{labels}}} {_sum}\n");
            text.Append(CultureInfo.InvariantCulture, $"{Name}_count{{{labels}}} {_count}\n");
        }
    }
}
