using System.Diagnostics.Metrics;
using Petrel.Model.Metrics;

namespace Petrel.Client;

/// <summary>Measures one work queue with client-go's names. Does nothing for queues without a name.</summary>
internal sealed class QueueMeasurements(string? name)
{
    private static readonly Meter Meters = ComponentMeters.Create("Client");
    private static readonly double[] Bounds = MetricBuckets.Exponential(1e-8, 10, 12);

    private static readonly UpDownCounter<long> Depth = Meters.Gauge("workqueue_depth", "Keys that wait for a worker.");
    private static readonly Counter<long> Adds = Meters.Counter("workqueue_adds_total", "Keys that were added.");
    private static readonly Counter<long> Retries = Meters.Counter(
        "workqueue_retries_total",
        "Keys that were added again after a failure."
    );

    private static readonly Histogram<double> Waiting = Meters.Histogram(
        "workqueue_queue_duration_seconds",
        "How long keys wait for a worker, in seconds.",
        Bounds
    );

    private static readonly Histogram<double> Working = Meters.Histogram(
        "workqueue_work_duration_seconds",
        "How long a worker takes for a key, in seconds.",
        Bounds
    );

    private readonly KeyValuePair<string, object?> _tag = new("name", name);

    public void Added()
    {
        if (name is not null)
        {
            Adds.Add(1, _tag);
            Depth.Add(1, _tag);
        }
    }

    public void Taken(TimeSpan waited)
    {
        if (name is not null)
        {
            Depth.Add(-1, _tag);
            Waiting.Record(waited.TotalSeconds, _tag);
        }
    }

    public void Done(TimeSpan worked)
    {
        if (name is not null)
        {
            Working.Record(worked.TotalSeconds, _tag);
        }
    }

    public void Retried()
    {
        if (name is not null)
        {
            Retries.Add(1, _tag);
        }
    }
}
