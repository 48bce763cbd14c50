using System.Globalization;
using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A Deployment never has more pods than it may: pods that are not on their way out (neither terminating nor finished) are at most
/// the most replicas wanted since it was last converged, plus maxSurge.
/// </summary>
public sealed class SurgeInvariant : IInvariant
{
    private const string Pods = "/registry/core/pods/";
    private const string ReplicaSets = "/registry/apps/replicasets/";
    private const string Deployments = "/registry/apps/deployments/";

    private readonly SortedDictionary<string, Allowance> _deployments = new(StringComparer.Ordinal); // by uid
    private readonly SortedDictionary<string, string> _owners = new(StringComparer.Ordinal); // replica set's uid: deployment's uid

    /// <inheritdoc/>
    public string Name => "surge";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in commit)
        {
            if (change.Key.StartsWith(Deployments, StringComparison.Ordinal))
            {
                ObserveDeployment(change);
            }
            else if (change.Key.StartsWith(ReplicaSets, StringComparison.Ordinal) && change.After is { } set)
            {
                _owners[set.Uid()] = set.ControllerUid();
            }
            else if (change.Key.StartsWith(Pods, StringComparison.Ordinal))
            {
                problem ??= ObservePod(change);
            }
        }
        return problem;
    }

    private void ObserveDeployment(DocumentChange change)
    {
        var uid = (change.After ?? change.Before!.Value).Uid();
        if (change.After is not { } deployment)
        {
            _deployments.Remove(uid);
            return;
        }
        var replicas = deployment.Number("spec", "replicas") ?? 1;
        var known = _deployments.GetValueOrDefault(uid) ?? new Allowance(deployment.Name(), 0, 0);
        var surge = Surge(deployment, replicas);
        if (IsConverged(deployment, replicas))
        {
            // Earlier replica counts no longer matter: the Deployment is complete.
            known.Peak = replicas;
            known.Surge = surge;
        }
        known.Peak = Math.Max(known.Peak, replicas);
        known.Surge = Math.Max(known.Surge, surge);
        _deployments[uid] = known;
    }

    private string? ObservePod(DocumentChange change)
    {
        var document = change.After ?? change.Before!.Value;
        if (!_owners.TryGetValue(document.ControllerUid(), out var owner) || !_deployments.TryGetValue(owner, out var deployment))
        {
            return null;
        }
        if (change.After is { } pod && !pod.IsTerminating() && pod.Text("status", "phase") is not ("Failed" or "Succeeded"))
        {
            deployment.Active.Add(change.Key);
        }
        else
        {
            deployment.Active.Remove(change.Key);
        }
        return deployment.Active.Count <= deployment.Peak + deployment.Surge
            ? null
            : $"Deployment {deployment.Name} has {deployment.Active.Count} pods, allowed are {deployment.Peak} + "
                + $"{deployment.Surge} (maxSurge): {string.Join(", ", deployment.Active.Select(k => k[Pods.Length..]))}";
    }

    private static bool IsConverged(JsonElement deployment, int replicas) =>
        deployment.Number("status", "observedGeneration") == deployment.Number("metadata", "generation")
        && (deployment.Number("status", "replicas") ?? 0) == replicas
        && (deployment.Number("status", "updatedReplicas") ?? 0) == replicas
        && (deployment.Number("status", "availableReplicas") ?? 0) == replicas;

    // Absent is upstream's default of 25 %; percentages are rounded up.
    private static int Surge(JsonElement deployment, int replicas)
    {
        if (deployment.Text("spec", "strategy", "type") == "Recreate")
        {
            return 0;
        }
        var text = deployment.At("spec", "strategy", "rollingUpdate", "maxSurge") switch
        {
            { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
            { ValueKind: JsonValueKind.String } value => value.GetString()!,
            _ => "25%",
        };
        return text.EndsWith('%')
            ? (int)Math.Ceiling(int.Parse(text[..^1], CultureInfo.InvariantCulture) * replicas / 100.0)
            : int.Parse(text, CultureInfo.InvariantCulture);
    }

    private sealed class Allowance(string name, int peak, int surge)
    {
        public string Name { get; } = name;
        public int Peak { get; set; } = peak;
        public int Surge { get; set; } = surge;
        public SortedSet<string> Active { get; } = new(StringComparer.Ordinal);
    }
}
