using System.Text.Json.Nodes;
using Petrel.Model;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// The decisions that the scheduler beside the API server recorded, for <c>pods/NAME/schedulingdecision</c>. Called on any thread.
/// </summary>
public interface ISchedulingDecisions
{
    /// <summary>The scheduler's names (<c>spec.schedulerName</c>).</summary>
    IReadOnlyCollection<string> SchedulerNames { get; }

    /// <summary>How many pods' decisions are kept.</summary>
    int Kept { get; }

    /// <summary>
    /// The decisions about a pod, a document of scheduling.petrel.dev/v1 SchedulingDecision without metadata; null when none is recorded.
    /// </summary>
    JsonObject? Find(ObjectKey pod, string uid);
}
