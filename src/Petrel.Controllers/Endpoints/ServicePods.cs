using k8s.Models;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Which pods each service selects, kept current change by change: looking through all pods of a namespace whenever one of them changes
/// would cost the square of their number. It may hold pods that are gone or not selected any more for a moment, never lacks one: whoever
/// asks looks at the pods themselves.
/// </summary>
internal sealed class ServicePods
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, SortedSet<ObjectKey>> _pods = [];

    /// <summary>The pods that the service selects.</summary>
    public IReadOnlyList<ObjectKey> Of(ObjectKey service)
    {
        lock (_gate)
        {
            return _pods.TryGetValue(service, out var pods) ? [.. pods] : [];
        }
    }

    /// <summary>
    /// The service has come, changed or gone. <paramref name="podsOfNamespace"/> is read under the lock, after which no change that it
    /// shows can come late: caches tell of a change when it is in them.
    /// </summary>
    public void OnService(V1Service? old, V1Service? service, Func<IEnumerable<V1Pod>> podsOfNamespace)
    {
        var key = KeyOf((service ?? old)!);
        lock (_gate)
        {
            if (service is null)
            {
                _pods.Remove(key);
            }
            else if (old is null || !EndpointSlicePlan.SelectsAlike(old, service))
            {
                _pods[key] = [.. podsOfNamespace().Where(pod => EndpointSlicePlan.Selects(service, pod)).Select(KeyOf)];
            }
        }
    }

    /// <summary>The pod is, or is not any more, selected by the service.</summary>
    public void OnPod(ObjectKey service, ObjectKey pod, bool isSelected)
    {
        lock (_gate)
        {
            if (isSelected)
            {
                if (!_pods.TryGetValue(service, out var pods))
                {
                    _pods[service] = pods = [];
                }
                pods.Add(pod);
            }
            else if (_pods.TryGetValue(service, out var pods))
            {
                pods.Remove(pod);
            }
        }
    }

    private static ObjectKey KeyOf(k8s.IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);
}
