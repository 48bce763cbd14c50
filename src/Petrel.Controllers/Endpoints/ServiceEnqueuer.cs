using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Wakes the services whose endpoints a change of a service or of a pod may change, and knows which pods each of them selects.
/// </summary>
internal sealed class ServiceEnqueuer(ClusterCaches caches, WorkQueue<ObjectKey> queue)
{
    private readonly ServicePods _selected = new();

    public static ObjectKey KeyOf(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    /// <summary>The pods that the service selects, and perhaps some that it does not any more.</summary>
    public IEnumerable<V1Pod> PodsOf(ObjectKey service) => _selected.Of(service).Select(caches.Pods.Get).OfType<V1Pod>();

    public void OnService(CacheChange<V1Service> change)
    {
        _selected.OnService(change.Old, change.New, () => caches.Pods.InNamespace(change.Latest.Metadata.NamespaceProperty));
        queue.Add(KeyOf(change.Latest));
    }

    public void OnPod(CacheChange<V1Pod> change)
    {
        if (
            change is { Old: { } old, New: { } pod }
            && EndpointSliceLabels.Same(old.Metadata.Labels, pod.Metadata.Labels ?? new Dictionary<string, string>())
            && !PodEndpoint.Differs(old, pod)
        )
        {
            return;
        }
        foreach (var service in caches.Services.ByIndex(ClusterCaches.ByNamespace, change.Latest.Metadata.NamespaceProperty))
        {
            var (key, now) = (KeyOf(service), change.New is { } after && EndpointSlicePlan.Selects(service, after));
            if (now || (change.Old is { } before && EndpointSlicePlan.Selects(service, before)))
            {
                _selected.OnPod(key, KeyOf(change.Latest), now);
                queue.Add(key);
            }
        }
    }
}
