using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>Wakes the services whose endpoints a change of a pod may change.</summary>
internal sealed class ServiceWaker(ClusterCaches caches, WorkQueue<ObjectKey> queue)
{
    public static ObjectKey KeyOf(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    public void OnPod(CacheChange<V1Pod> change)
    {
        if (change is { Old: { } old, New: { } pod }
            && EndpointSliceLabels.Same(old.Metadata.Labels, pod.Metadata.Labels ?? new Dictionary<string, string>())
            && !PodEndpoint.Differs(old, pod))
        {
            return;
        }
        foreach (var service in caches.Services.ByIndex(ClusterCaches.ByNamespace, change.Latest.Metadata.NamespaceProperty))
        {
            if ((change.Old is { } before && EndpointPlan.Selects(service, before)) || (change.New is { } after && EndpointPlan.Selects(service, after)))
            {
                queue.Add(KeyOf(service));
            }
        }
    }
}
