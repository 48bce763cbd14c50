using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Queue;

internal enum QueueState
{
    /// <summary>Waits for its turn.</summary>
    Active,

    /// <summary>Failed, and waits for its time.</summary>
    Backoff,

    /// <summary>Fits nowhere, and waits for something to happen.</summary>
    Unschedulable,

    /// <summary>May not be tried yet: a plugin keeps it back until something happens.</summary>
    Gated,

    /// <summary>Is being scheduled or bound.</summary>
    InFlight,
}

/// <summary>A pod in the <see cref="SchedulingQueue"/>.</summary>
internal sealed class QueuedPod(PodInfo pod)
{
    /// <summary>The newest known version.</summary>
    public PodInfo Pod { get; set; } = pod;

    public QueueState State { get; set; }

    /// <summary>Attempts that failed because the pod fits nowhere, or by errors.</summary>
    public int Failures { get; set; }

    /// <summary>When it came into the queue, or last failed.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>What may make it schedulable.</summary>
    public ClusterEvents RetryOn { get; set; }

    /// <summary>The plugins that refused it.</summary>
    public IReadOnlyList<IPlugin> RefusedBy { get; set; } = [];

    /// <summary>Of its entry in a heap that counts.</summary>
    public long Ticket { get; set; }
}
