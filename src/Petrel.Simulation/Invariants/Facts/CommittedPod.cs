using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.Simulation.Invariants.Facts;

/// <summary>One committed version of a pod, as far as rules ask about it; read once for all of them.</summary>
public sealed class CommittedPod
{
    internal const string Prefix = "/registry/core/pods/";

    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>The store's key.</summary>
    public required string Key { get; init; }

    public required string Namespace { get; init; }
    public required string Name { get; init; }
    public required string Uid { get; init; }

    /// <summary>The owner that is marked as controller; empty without.</summary>
    public required string OwnerUid { get; init; }

    public required string OwnerKind { get; init; }

    /// <summary>Where it is bound; empty while it is not.</summary>
    public required string Node { get; init; }

    public required string Phase { get; init; }
    public required bool IsReady { get; init; }
    public required bool IsTerminating { get; init; }

    /// <summary>The reason of its condition DisruptionTarget; empty without.</summary>
    public required string Disruption { get; init; }

    /// <summary>Seconds of grace that its deletion gives, and that its own spec wants.</summary>
    public required int? DeletionGrace { get; init; }

    public required int Grace { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required IReadOnlyList<string> Finalizers { get; init; }

    /// <summary>Names of the claims that its volumes use.</summary>
    public required IReadOnlyList<string> Claims { get; init; }

    public required long MilliCpu { get; init; }
    public required long Memory { get; init; }

    /// <summary>The whole object.</summary>
    public required JsonElement Document { get; init; }

    public string ShortKey => $"{Namespace}/{Name}";

    public bool HasFinished => Phase is "Succeeded" or "Failed";

    /// <summary>Neither finished nor on its way out.</summary>
    public bool IsActive => !HasFinished && !IsTerminating;

    /// <summary>Ready and not on its way out.</summary>
    public bool IsHealthy => IsReady && IsActive;

    /// <summary>
    /// Something other than its controller ends it: an eviction, a taint or a preemption, which set a condition, or a user, whose deletions
    /// in scenarios have another grace period than the pod's own.
    /// </summary>
    public bool IsDisrupted => Disruption.Length > 0 || IsTerminating && DeletionGrace is { } given && given != Grace;

    public static CommittedPod Of(string key, JsonElement pod)
    {
        var (ready, disruption) = Conditions(pod);
        var owner = pod.Controller();
        var path = key[Prefix.Length..];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return new()
        {
            Key = key,
            Namespace = path[..slash],
            Name = path[(slash + 1)..],
            Uid = pod.Uid(),
            OwnerUid = owner?.Text("uid") ?? "",
            OwnerKind = owner?.Text("kind") ?? "",
            Node = pod.Text("spec", "nodeName"),
            Phase = pod.Text("status", "phase"),
            IsReady = ready,
            IsTerminating = pod.IsTerminating(),
            Disruption = disruption,
            DeletionGrace = pod.Number("metadata", "deletionGracePeriodSeconds"),
            Grace = pod.Number("spec", "terminationGracePeriodSeconds") ?? 30,
            Labels = pod.At("metadata", "labels") is { } labels
                ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)
                : NoLabels,
            Finalizers = [.. pod.Items("metadata", "finalizers").Select(f => f.GetString()!)],
            Claims = [.. pod.Items("spec", "volumes").Select(v => v.Text("persistentVolumeClaim", "claimName")).Where(c => c.Length > 0)],
            MilliCpu = Requests(pod, "cpu", q => q.MilliValue),
            Memory = Requests(pod, "memory", q => q.Value),
            Document = pod,
        };
    }

    private static (bool Ready, string Disruption) Conditions(JsonElement pod)
    {
        var (ready, disruption) = (false, "");
        foreach (var condition in pod.Items("status", "conditions"))
        {
            if (condition.Text("status") != "True")
            {
                continue;
            }
            switch (condition.Text("type"))
            {
                case "Ready":
                    ready = true;
                    break;
                case "DisruptionTarget":
                    disruption = condition.Text("reason");
                    break;
            }
        }
        return (ready, disruption);
    }

    // What the pod's main containers ask for: scenarios give their init containers and pods as a whole no more than that.
    private static long Requests(JsonElement pod, string resource, Func<Quantity, long> amount)
    {
        var sum = 0L;
        foreach (var container in pod.Items("spec", "containers"))
        {
            if (container.At("resources", "requests", resource) is { } request)
            {
                sum += amount(Quantity.Parse(request.ToString()));
            }
        }
        return sum;
    }
}
