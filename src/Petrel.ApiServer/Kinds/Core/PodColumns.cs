using System.Text.Json;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>What <c>kubectl get pods</c> shows.</summary>
internal static class PodColumns
{
    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        Name,
        Shown("Ready", "How many of the pod's containers are ready.", static o => Summary(o, default).Ready),
        Shown("Status", "In one word, what the pod is doing or why it is not.", static o => Summary(o, default).Status),
        new("Restarts", "string", "", "How often its containers were restarted, and when last.", 0, static (o, now) =>
            Summary(o, now).Restarts
        ),
        Age,
        Wide("IP", "The pod's address.", static o =>
            o.Items("status", "podIPs").Select(ip => ip.Text("ip")).FirstOrDefault(o.Text("status", "podIP")).OrNone()
        ),
        Wide("Node", "The node that the pod is bound to.", static o => o.Text("spec", "nodeName").OrNone()),
        Wide("Nominated Node", "The node that is being cleared for the pod.", static o => o.Text("status", "nominatedNodeName").OrNone()),
        Wide("Readiness Gates", "How many of the pod's own readiness conditions hold.", ReadinessGates),
    ];

    private readonly record struct PodSummary(string Ready, string Status, string Restarts);

    private static PodSummary Summary(JsonElement pod, DateTimeOffset now)
    {
        var specs = pod.Items("spec", "initContainers").ToArray();
        var sidecars = specs.Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name")).ToHashSet(StringComparer.Ordinal);
        var total = pod.Count("spec", "containers") + sidecars.Count;
        var ready = 0;
        var all = new RestartCount();
        var ofSidecars = new RestartCount();
        var phase = pod.Text("status", "phase");
        var reason = pod.Text("status", "reason") is { Length: > 0 } own ? own : phase;
        if (HasCondition(pod, "PodScheduled", "False", "SchedulingGated"))
        {
            reason = "SchedulingGated";
        }

        var initializing = false;
        var index = 0;
        foreach (var status in pod.Items("status", "initContainerStatuses"))
        {
            all.Add(status);
            var isSidecar = sidecars.Contains(status.Text("name"));
            if (isSidecar)
            {
                ofSidecars.Add(status);
            }
            var terminated = status.At("state", "terminated");
            if (terminated.ValueKind == JsonValueKind.Object && terminated.Number("exitCode") == 0)
            {
                index++;
                continue;
            }
            if (isSidecar && status.Flag("started"))
            {
                ready += status.Flag("ready") ? 1 : 0;
                index++;
                continue;
            }
            var waiting = status.Text("state", "waiting", "reason");
            reason =
                terminated.ValueKind == JsonValueKind.Object ? $"Init:{WhyTerminated(terminated)}"
                : waiting.Length > 0 && waiting != "PodInitializing" ? $"Init:{waiting}"
                : $"Init:{index}/{specs.Length}";
            initializing = true;
            break;
        }

        if (!initializing || HasCondition(pod, "Initialized", "True"))
        {
            all = ofSidecars;
            var hasRunning = false;
            foreach (var status in pod.Items("status", "containerStatuses").Reverse())
            {
                all.Add(status);
                var terminated = status.At("state", "terminated");
                if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
                {
                    reason = waiting;
                }
                else if (terminated.ValueKind == JsonValueKind.Object)
                {
                    reason = WhyTerminated(terminated);
                }
                else if (status.Flag("ready") && status.Has("state", "running"))
                {
                    hasRunning = true;
                    ready++;
                }
            }
            if (reason == "Completed" && hasRunning)
            {
                reason = HasCondition(pod, "Ready", "True") ? "Running" : "NotReady";
            }
        }

        if (pod.Has("metadata", "deletionTimestamp"))
        {
            if (pod.Text("status", "reason") == "NodeLost")
            {
                reason = "Unknown";
            }
            else if (phase is not ("Succeeded" or "Failed"))
            {
                reason = "Terminating";
            }
        }
        return new PodSummary($"{ready}/{total}", reason, all.Show(now));
    }

    private static string WhyTerminated(JsonElement terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Number("signal") is not 0 and var signal ? $"Signal:{signal}"
        : $"ExitCode:{terminated.Number("exitCode")}";

    private static bool HasCondition(JsonElement pod, string type, string status, string? reason = null) =>
        pod.Items("status", "conditions")
            .Any(c => c.Text("type") == type && c.Text("status") == status && (reason is null || c.Text("reason") == reason));

    private static string ReadinessGates(JsonElement pod)
    {
        var gates = pod.Items("spec", "readinessGates").Select(g => g.Text("conditionType")).ToArray();
        return gates.Length == 0 ? None : $"{gates.Count(g => HasCondition(pod, g, "True"))}/{gates.Length}";
    }

    /// <summary>Restarts and when the last container that was restarted had ended.</summary>
    private struct RestartCount
    {
        private long _count;
        private DateTimeOffset? _last;

        public void Add(JsonElement status)
        {
            _count += status.Number("restartCount");
            if (
                DateTimeOffset.TryParse(
                    status.Text("lastState", "terminated", "finishedAt"),
                    System.Globalization.CultureInfo.InvariantCulture,
                    out var at
                ) && (_last is null || at > _last)
            )
            {
                _last = at;
            }
        }

        public readonly string Show(DateTimeOffset now) =>
            _count > 0 && _last is { } last ? $"{_count} ({Model.Documents.HumanDuration.Format(now - last)} ago)" : $"{_count}";
    }
}
