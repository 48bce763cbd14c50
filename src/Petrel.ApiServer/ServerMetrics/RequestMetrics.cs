using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Metrics;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>How many requests were answered, how long that took and how large the answers were, with upstream's names and labels.</summary>
internal sealed class RequestMetrics
{
    private const string Component = "apiserver";

    private readonly KindRegistry _kinds;
    private readonly MetricFamily _total;
    private readonly MetricFamily _duration;
    private readonly MetricFamily _indicator;
    private readonly MetricFamily _sizes;
    private readonly MetricFamily _longRunning;
    private readonly MetricFamily _watchEvents;
    private readonly Lock _gate = new();
    private readonly Dictionary<(Labels Labels, string DryRun), RequestSeries> _series = [];

    public RequestMetrics(MetricRegistry registry, KindRegistry kinds)
    {
        _kinds = kinds;
        string[] resource = ["group", "version", "resource", "subresource", "scope", "component"];
        _total = registry.Counter(
            "apiserver_request_total",
            "Requests by verb, dry run, group, version, resource, scope, component and HTTP response code.",
            ["verb", "dry_run", .. resource, "code"]
        );
        _duration = registry.Histogram(
            "apiserver_request_duration_seconds",
            "Time until the response is known, in seconds. Watches and other streams have none.",
            MetricBuckets.Requests,
            ["verb", "dry_run", .. resource]
        );
        _indicator = registry.Histogram(
            "apiserver_request_sli_duration_seconds",
            "Time until the response is known without the wait for seats, in seconds.",
            MetricBuckets.Indicators,
            ["verb", .. resource]
        );
        _sizes = registry.Histogram(
            "apiserver_response_sizes",
            "Size of the responses to reads, in bytes.",
            MetricBuckets.Exponential(1000, 10, 7),
            ["verb", .. resource]
        );
        _longRunning = registry.Gauge("apiserver_longrunning_requests", "Watches that are open now.", ["verb", .. resource]);
        _watchEvents = registry.Counter("apiserver_watch_events_total", "Events sent to watches.", ["group", "version", "kind"]);
    }

    /// <summary>Counts an answered request.</summary>
    /// <param name="info">What it asked for.</param>
    /// <param name="request">The request.</param>
    /// <param name="response">The response.</param>
    /// <param name="duration">How long that took; streams have no duration.</param>
    /// <param name="waited">How much of it the request waited for seats.</param>
    public void Record(RequestInfo info, ApiRequest request, ApiResponse response, TimeSpan duration, TimeSpan waited)
    {
        var series = Of(
            LabelsOf(info, request),
            request.QueryValue("dryRun") is { Length: > 0 } dryRun ? dryRun[..Math.Min(3, dryRun.Length)] : ""
        );
        series.Code(_total, response.StatusCode).Add(1);
        if (response.Stream is not null)
        {
            return;
        }
        series.Duration.Observe(duration.TotalSeconds);
        series.Indicator.Observe((duration - waited).TotalSeconds);
        if (series.Sizes is { } sizes)
        {
            sizes.Observe(response.Content?.Length ?? response.Body.Length);
        }
    }

    /// <summary>The number of open watches of a resource, and the number of events sent to them.</summary>
    public (MetricSeries Open, MetricSeries Events) Watches(RequestInfo info, ApiRequest request)
    {
        var labels = LabelsOf(info, request);
        var kind = _kinds.Find(info.Group, info.Version, info.Resource)?.Gvk.Kind ?? "";
        return (_longRunning.Of(labels.All()), _watchEvents.Of(labels.Group, labels.Version, kind));
    }

    private RequestSeries Of(Labels labels, string dryRun)
    {
        lock (_gate)
        {
            if (!_series.TryGetValue((labels, dryRun), out var series))
            {
                _series[(labels, dryRun)] = series = new RequestSeries(labels, dryRun)
                {
                    Duration = _duration.Of([labels.Verb, dryRun, .. labels.All()[1..]]),
                    Indicator = _indicator.Of(labels.All()),
                    Sizes = labels.Verb is "GET" or "LIST" ? _sizes.Of(labels.All()) : null,
                };
            }
            return series;
        }
    }

    // Only resources that are served are labelled: clients choose the paths, and each label value takes memory.
    private Labels LabelsOf(RequestInfo info, ApiRequest request)
    {
        var verb = VerbOf(info, request);
        if (!info.IsResource || _kinds.Find(info.Group, info.Version, info.Resource) is not { } kind)
        {
            return new(verb, "", "", "", "", "");
        }
        var subresource = _kinds.FindSubresource(kind, info.Subresource) is null ? "" : info.Subresource;
        var scope =
            info.Name.Length > 0 || info.Verb == "create" ? "resource"
            : info.Namespace.Length > 0 ? "namespace"
            : "cluster";
        return new(verb, info.Group, info.Version, info.Resource, subresource, scope);
    }

    private static string VerbOf(RequestInfo info, ApiRequest request) =>
        info.Verb switch
        {
            "watch" => "WATCH",
            "list" => "LIST",
            "get" or "head" => "GET",
            _ => request.Method switch
            {
                "PATCH" when request.ContentType.StartsWith("application/apply-patch", StringComparison.Ordinal) => "APPLY",
                "POST" or "PUT" or "PATCH" or "DELETE" or "GET" => request.Method,
                _ => "OTHER",
            },
        };

    private readonly record struct Labels(string Verb, string Group, string Version, string Resource, string Subresource, string Scope)
    {
        public string[] All() => [Verb, Group, Version, Resource, Subresource, Scope, Component];
    }

    /// <summary>The series of one combination of labels: found once, then used without looking them up.</summary>
    private sealed class RequestSeries(Labels labels, string dryRun)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<int, MetricSeries> _codes = [];

        public required MetricSeries Duration { get; init; }
        public required MetricSeries Indicator { get; init; }
        public MetricSeries? Sizes { get; init; }

        public MetricSeries Code(MetricFamily total, int code)
        {
            lock (_gate)
            {
                return _codes.TryGetValue(code, out var found)
                    ? found
                    : _codes[code] = total.Of([labels.Verb, dryRun, .. labels.All()[1..], code.ToString()]);
            }
        }
    }
}
