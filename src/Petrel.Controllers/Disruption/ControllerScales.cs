using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Scales;
using Petrel.Workloads;

namespace Petrel.Controllers.Disruption;

/// <summary>The desired number of pods of the controllers of some pods, read from their scale subresources.</summary>
internal sealed class ControllerScales(ControllerContext context)
{
    private readonly ScaleClient _scales = new(context.Client);

    /// <summary>The sum over all controllers of the pods, and the names of pods without a controller.</summary>
    /// <exception cref="UnknownScaleException">A controller has no scale.</exception>
    public async ValueTask<(int ExpectedPods, IReadOnlyList<string> Unmanaged)> SumAsync(
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
            // During a rollout, several ReplicaSets belong to one Deployment. The Deployment has the number.
            var set = context.Caches.ReplicaSets.Get(new(namespaceName, owner.Name));
            if (set?.Metadata.Uid != owner.Uid)
            {
                return null;
            }
            if (set.ControllerReference() is { Kind: "Deployment", ApiVersion: "apps/v1" } deploymentOwner)
            {
                var deployment = context.Caches.Deployments.Get(new(namespaceName, deploymentOwner.Name));
                return deployment?.Metadata.Uid == deploymentOwner.Uid ? (deploymentOwner.Uid, deployment.Spec.Replicas ?? 1) : null;
            }
            return (owner.Uid, set.Spec.Replicas ?? 1);
        }
        return await ReadScaleAsync(owner, namespaceName, cancellationToken);
    }

    private async ValueTask<(string Uid, int Scale)?> ReadScaleAsync(
        V1OwnerReference owner,
        string namespaceName,
        CancellationToken cancellationToken
    )
    {
        var scale = await _scales.FindAsync(owner.ApiVersion, owner.Kind, new(namespaceName, owner.Name), cancellationToken);
        return scale?.Metadata.Uid == owner.Uid ? (owner.Uid, scale.Spec.Replicas ?? 0) : null;
    }
}

/// <summary>The expected number of a budget's pods cannot be computed.</summary>
internal sealed class UnknownScaleException(string message) : Exception(message);
