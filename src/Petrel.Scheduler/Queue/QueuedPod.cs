using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Metrics;

namespace Petrel.Scheduler.Queue;

internal enum QueueState
{
    /// <summary>Ready to be scheduled.</summary>
    Active,

    /// <summary>Waits for the end of its back-off.</summary>
    Backoff,

    /// <summary>No node is feasible. Waits for an event that may help.</summary>
    Unschedulable,

    /// <summary>A pre-enqueue plugin holds it back until an event.</summary>
    Gated,

    /// <summary>Being scheduled or bound.</summary>
    InFlight,
}

/// <summary>A pod in the <see cref="SchedulingQueue"/>.</summary>
internal sealed class QueuedPod(PodInfo pod)
{
    /// <summary>The latest version of the pod.</summary>
    public PodInfo Pod { get; set; } = pod;

    public QueueState State
    {
        get;
        set
        {
            Count(-1);
            field = value;
            Count(1);
        }
    }

    /// <summary>Whether metrics count the pod: while it is in the queue.</summary>
    public bool IsCounted
    {
        get;
        set
        {
            Count(-1);
            field = value;
            Count(1);
        }
    }

    /// <summary>When the pod entered the queue.</summary>
    public DateTimeOffset Added { get; init; }

    /// <summary>The number of failed attempts.</summary>
    public int Failures { get; set; }

    /// <summary>When the pod entered the queue, or last failed.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>The events that may make it schedulable.</summary>
    public ClusterEvents RetryOn { get; set; }

    /// <summary>The plugins that refused it.</summary>
    public IReadOnlyList<IPlugin> RefusedBy { get; set; } = [];

    /// <summary>The number of its valid entry in a heap; other entries are stale.</summary>
    public long Ticket { get; set; }

    private void Count(int change)
    {
        if (IsCounted && State != QueueState.InFlight)
        {
            var queue = State switch
            {
                QueueState.Active => "active",
                QueueState.Backoff => "backoff",
                QueueState.Gated => "gated",
                _ => "unschedulable",
            };
            SchedulerMetrics.Moved(queue, change);
        }
    }
}
