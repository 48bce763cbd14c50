using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Petrel.ApiServer.Requests;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>
/// How many requests were answered and how long that took, under upstream's names; for any listener of
/// <see cref="System.Diagnostics.Metrics"/>, and as Prometheus text at <c>/metrics</c>.
/// </summary>
internal sealed class RequestMetrics
{
    public const string MeterName = "Petrel.ApiServer";

    // Every other bucket of upstream.
    private static readonly double[] Buckets =
    [
        0.005,
        0.025,
        0.05,
        0.1,
        0.2,
        0.4,
        0.6,
        0.8,
        1,
        1.5,
        2,
        3,
        4,
        5,
        6,
        8,
        10,
        15,
        20,
        30,
        45,
        60,
    ];

    // One meter for the process: meters are never collected, and a simulation creates many servers.
    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Total = Meter.CreateCounter<long>("apiserver_request_total");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("apiserver_request_duration_seconds", "s");

    private readonly Lock _gate = new();
    private readonly Dictionary<Labels, Series> _series = [];

    /// <summary>Counts an answered request; watches and followed logs have no duration.</summary>
    public void Record(RequestInfo info, int code, TimeSpan? duration)
    {
        var verb = info.IsResource || info.Verb is "get" or "head" ? UpperCase(info.Verb) : "OTHER";
        // Label only existing resources: clients choose the paths, and each label value takes memory.
        var labels = code is 404 or 403
            ? new Labels(verb, "", "", "", "")
            : new Labels(verb, info.Group, info.Version, info.Resource, info.Subresource);
        if (Total.Enabled)
        {
            Total.Add(1, new("verb", verb), new("resource", info.Resource), new("code", code));
        }
        if (duration is { } taken && Duration.Enabled)
        {
            Duration.Record(taken.TotalSeconds, new("verb", verb), new("resource", info.Resource));
        }
        lock (_gate)
        {
            if (!_series.TryGetValue(labels, out var series))
            {
                _series[labels] = series = new Series();
            }
            series.Count(code);
            if (duration is { } time)
            {
                series.Add(time.TotalSeconds);
            }
        }
    }

    private static string UpperCase(string verb) =>
        verb switch
        {
            "get" => "GET",
            "list" => "LIST",
            "watch" => "WATCH",
            "create" => "CREATE",
            "update" => "UPDATE",
            "patch" => "PATCH",
            "delete" => "DELETE",
            _ => verb.ToUpperInvariant(),
        };

    /// <summary>The Prometheus text format, version 0.0.4.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.Append("# HELP apiserver_request_total Counter of apiserver requests.\n# TYPE apiserver_request_total counter\n");
        lock (_gate)
        {
            var series = _series
                .Select(s => (Labels: s.Key.ToString(), Series: s.Value))
                .OrderBy(s => s.Labels, StringComparer.Ordinal)
                .ToArray();
            foreach (var (labels, counted) in series)
            {
                counted.WriteCounts(text, labels);
            }
            text.Append(
                "# HELP apiserver_request_duration_seconds Response latency in seconds.\n# TYPE "
                    + "apiserver_request_duration_seconds histogram\n"
            );
            foreach (var (labels, measured) in series)
            {
                measured.WriteDurations(text, labels);
            }
        }
        return text.ToString();
    }

    private readonly record struct Labels(string Verb, string Group, string Version, string Resource, string Subresource)
    {
        public override string ToString() =>
            $"verb=\"{Verb}\",group=\"{Group}\",version=\"{Version}\",resource=\"{Resource}\",subresource=\"{Subresource}\"";
    }

    private sealed class Series
    {
        private readonly SortedDictionary<int, long> _codes = [];
        private readonly long[] _within = new long[Buckets.Length];
        private long _count;
        private double _sum;

        public void Count(int code) => _codes[code] = _codes.GetValueOrDefault(code) + 1;

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

        public void WriteCounts(StringBuilder text, string labels)
        {
            foreach (var (code, count) in _codes)
            {
                text.Append(CultureInfo.InvariantCulture, $"apiserver_request_total{{{labels},code=\"{code}\"}} {count}\n");
            }
        }

        public void WriteDurations(StringBuilder text, string labels)
        {
            if (_count == 0)
            {
                return;
            }
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
