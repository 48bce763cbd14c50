using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Scales;

namespace Petrel.Controllers.Disruption;

/// <summary>How many pods the controllers of some pods want together, whatever kind they are: by their scale subresource.</summary>
internal sealed class ControllerScales(ControllerContext context)
{
    private readonly ScaleClient _scales = new(context.Client);

    /// <summary>The sum over all controllers of the pods, and the pods that have none.</summary>
    /// <exception cref="UnknownScaleException">A controller does not say.</exception>
    public async ValueTask<(int Wanted, IReadOnlyList<string> Unmanaged)> SumAsync(
        IReadOnlyList<V1Pod> pods,
        CancellationToken cancellationToken
    )
    {
        var unmanaged = new List<string>();
        var scales = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.ControllerReference() is not { } owner)
            {
                unmanaged.Add(pod.Metadata.Name);
            }
            else if (seen.Add(owner.Uid))
            {
                var (uid, scale) = await FindAsync(owner, pod.Metadata.NamespaceProperty, cancellationToken)
                    ?? throw new UnknownScaleException($"found no controllers for pod \"{pod.Metadata.Name}\"");
                scales[uid] = scale;
            }
        }
        return (scales.Values.Sum(), unmanaged);
    }

    private async ValueTask<(string Uid, int Scale)?> FindAsync(
        V1OwnerReference owner,
        string namespaceName,
        CancellationToken cancellationToken
    )
    {
        if (owner.Kind == "ReplicaSet" && owner.ApiVersion == "apps/v1")
        {
            // During a rollout several of them belong to one Deployment, which is the one to ask.
            var set = context.Caches.ReplicaSets.Get(new(namespaceName, owner.Name));
            if (set?.Metadata.Uid != owner.Uid)
            {
                return null;
            }
            if (set.ControllerReference() is { Kind: "Deployment", ApiVersion: "apps/v1" } above)
            {
                var deployment = context.Caches.Deployments.Get(new(namespaceName, above.Name));
                return deployment?.Metadata.Uid == above.Uid ? (above.Uid, deployment.Spec.Replicas ?? 1) : null;
            }
            return (owner.Uid, set.Spec.Replicas ?? 1);
        }
        return await AskAsync(owner, namespaceName, cancellationToken);
    }

    private async ValueTask<(string Uid, int Scale)?> AskAsync(
        V1OwnerReference owner,
        string namespaceName,
        CancellationToken cancellationToken
    )
    {
        var scale = await _scales.FindAsync(owner.ApiVersion, owner.Kind, new(namespaceName, owner.Name), cancellationToken);
        return scale?.Metadata.Uid == owner.Uid ? (owner.Uid, scale.Spec.Replicas ?? 0) : null;
    }
}

/// <summary>What a budget's pods should be is not known.</summary>
internal sealed class UnknownScaleException(string message) : Exception(message);
