using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Disruption;

/// <summary>How many pods the controllers of some pods want together, whatever kind they are: by their scale subresource.</summary>
internal sealed class ControllerScales(ControllerContext context)
{
    private readonly ApiDiscovery _discovery = new(context.Client);
    private volatile DiscoveredKinds? _kinds;

    /// <summary>The sum over all controllers of the pods, and the pods that have none.</summary>
    /// <exception cref="UnknownScaleException">A controller does not say.</exception>
    public async ValueTask<(int Wanted, IReadOnlyList<string> Unmanaged)> SumAsync(IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken)
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

    private async ValueTask<(string Uid, int Scale)?> FindAsync(V1OwnerReference owner, string namespaceName, CancellationToken cancellationToken)
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

    private async ValueTask<(string Uid, int Scale)?> AskAsync(V1OwnerReference owner, string namespaceName, CancellationToken cancellationToken)
    {
        var kind = _kinds?.Find(owner.ApiVersion, owner.Kind);
        if (kind is null)
        {
            _kinds = await _discovery.ReadAsync(cancellationToken);
            kind = _kinds.Find(owner.ApiVersion, owner.Kind);
        }
        if (kind is null)
        {
            return null;
        }
        try
        {
            var response = await context.Client.SendAsync(
                "GET", kind.Path(new ObjectKey(namespaceName, owner.Name)) + "/scale", [], null, "", cancellationToken);
            var scale = JsonNode.Parse(response.Body.Span)!;
            return (string?)scale["metadata"]?["uid"] == owner.Uid ? (owner.Uid, (int?)scale["spec"]?["replicas"] ?? 0) : null;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }
}

/// <summary>What a budget's pods should be is not known.</summary>
internal sealed class UnknownScaleException(string message) : Exception(message);
