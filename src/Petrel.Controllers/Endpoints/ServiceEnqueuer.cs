using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Maps changes of Services and pods to the Services whose endpoints they may change, and keeps which pods each Service selects. Each
/// change must be passed once.
/// </summary>
internal sealed class ServiceEnqueuer(ClusterCaches caches)
{
    private readonly ServicePods _selected = new();

    /// <summary>The pods that the Service selects, and perhaps some that it no longer does.</summary>
    public IEnumerable<V1Pod> PodsOf(ObjectKey service) => _selected.Of(service).Select(caches.Pods.Get).OfType<V1Pod>();

    /// <summary>The Service itself.</summary>
    public IEnumerable<ObjectKey> KeysOf(CacheChange<V1Service> change)
    {
        _selected.OnService(change.Old, change.New, () => caches.Pods.InNamespace(change.Latest.Metadata.NamespaceProperty));
        return [change.Latest.Key()];
    }

    /// <summary>The Services that select the pod, or did before the change; none when the change cannot change an endpoint.</summary>
    public IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change)
    {
        if (
            change is { Old: { } old, New: { } pod }
            && LabelSets.AreEqual(old.Metadata.Labels, pod.Metadata.Labels)
            && !PodEndpoint.Differs(old, pod)
        )
        {
            return [];
        }
        List<ObjectKey> keys = [];
        foreach (var service in caches.Services.InNamespace(change.Latest.Metadata.NamespaceProperty))
        {
            var isSelected = change.New is { } after && EndpointSlicePlan.Selects(service, after);
            if (isSelected || (change.Old is { } before && EndpointSlicePlan.Selects(service, before)))
            {
                _selected.OnPod(service.Key(), change.Latest.Key(), isSelected);
                keys.Add(service.Key());
            }
        }
        return keys;
    }
}
