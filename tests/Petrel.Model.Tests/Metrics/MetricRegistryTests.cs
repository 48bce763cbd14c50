using System.Diagnostics.Metrics;
using Petrel.Model.Metrics;

namespace Petrel.Model.Tests.Metrics;

public sealed class MetricRegistryTests
{
    private readonly MetricRegistry _registry = new();

    [Fact]
    public void Counters_and_gauges_are_written_with_their_labels_by_name()
    {
        var open = _registry.Gauge("open", "What is open.");
        var requests = _registry.Counter("requests_total", "Requests.", "verb", "path");
        requests.Of("GET", "/b").Add(2);
        requests.Of("GET", "/a").Add(1);
        open.Of().Set(3);
        open.Of().Add(-1);

        Assert.Equal(
            "# HELP open What is open.\n# TYPE open gauge\nopen 2\n# HELP requests_total Requests.\n# TYPE requests_total counter\n"
                + "requests_total{verb=\"GET\",path=\"/a\"} 1\nrequests_total{verb=\"GET\",path=\"/b\"} 2\n",
            _registry.Text()
        );
    }

    [Fact]
    public void A_histogram_counts_how_many_are_within_each_bound()
    {
        var sizes = _registry.Histogram("size", "Sizes.", [1, 10, 100], "kind").Of("a");
        foreach (var size in (double[])[0.5, 1, 5, 50, 500])
        {
            sizes.Observe(size);
        }

        Assert.EndsWith(
            "size_bucket{kind=\"a\",le=\"1\"} 2\nsize_bucket{kind=\"a\",le=\"10\"} 3\nsize_bucket{kind=\"a\",le=\"100\"} 4\n"
                + "size_bucket{kind=\"a\",le=\"+Inf\"} 5\nsize_sum{kind=\"a\"} 556.5\nsize_count{kind=\"a\"} 5\n",
            _registry.Text(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Values_of_labels_are_escaped()
    {
        _registry.Counter("c", "C.", "value").Of("a\"b\\c\nd").Add(1);

        Assert.Contains("c{value=\"a\\\"b\\\\c\\nd\"} 1\n", _registry.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_without_end_are_counted_together()
    {
        var family = _registry.Counter("c", "C.", "user");
        for (var i = 0; i < MetricFamily.MaxSeries + 50; i++)
        {
            family.Of($"user-{i}").Add(1);
        }

        var lines = _registry.Text().Split('\n');
        Assert.Contains("c{user=\"\"} 50", lines);
        Assert.Equal(MetricFamily.MaxSeries + 1, lines.Count(l => l.StartsWith("c{", StringComparison.Ordinal)));
    }

    [Fact]
    public void Gauges_can_be_set_when_the_metrics_are_read()
    {
        var (gauge, reads) = (_registry.Gauge("reads", "Reads."), 0);
        _registry.BeforeReading(() => gauge.Of().Set(++reads));

        _registry.Text();

        Assert.EndsWith("reads 2\n", _registry.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void Exponential_bounds_are_upstreams() => Assert.Equal([0.001, 0.002, 0.004, 0.008], MetricBuckets.Exponential(0.001, 2, 4));

    [Fact]
    public void Instruments_of_the_process_are_added_while_somebody_listens()
    {
        using var meter = ComponentMeters.Create($"Test{Guid.NewGuid():N}");
        using var other = new Meter("Other");
        var counter = meter.Counter("things_total", "Things.");
        var time = meter.Histogram("time_seconds", "Time.", [1, 2]);
        var depth = meter.Gauge("depth", "Depth.");
        other.CreateCounter<long>("foreign_total").Add(1);
        counter.Add(5);

        using (new MeterBridge(_registry))
        {
            counter.Add(1, new KeyValuePair<string, object?>("name", "a"));
            time.Record(1.5, new KeyValuePair<string, object?>("name", "a"));
            depth.Add(3);
            depth.Add(-1);
        }
        counter.Add(1, new KeyValuePair<string, object?>("name", "a"));

        var text = _registry.Text();
        Assert.Contains(
            "# HELP things_total Things.\n# TYPE things_total counter\nthings_total{name=\"a\"} 1\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("time_seconds_bucket{name=\"a\",le=\"2\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("depth 2\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("foreign", text, StringComparison.Ordinal);
    }
}
