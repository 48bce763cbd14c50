using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Subresources;
using Petrel.Model;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Settings;

namespace Petrel.Cli.Hosting;

/// <summary>Provides the decisions of the scheduler to the API server in the same process.</summary>
public sealed class RecordedDecisions(DecisionLog log, SchedulerSettings settings) : ISchedulingDecisions
{
    /// <inheritdoc/>
    public IReadOnlyCollection<string> SchedulerNames { get; } = [.. settings.Profiles.Select(p => p.SchedulerName)];

    /// <inheritdoc/>
    public int Kept => log.Settings.Pods;

    /// <inheritdoc/>
    public JsonObject? Find(ObjectKey pod, string uid) => log.Find(pod, uid);
}
