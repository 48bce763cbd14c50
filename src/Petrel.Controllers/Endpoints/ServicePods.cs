using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// The pods that each Service selects, updated with each change. To search all pods of a namespace after each change of a pod would take
/// time quadratic in their number. The index never lacks a pod, but may contain pods for a moment that are gone or no longer selected:
/// callers check the pods themselves.
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
    /// Handles a Service that was added, changed or deleted. <paramref name="podsOfNamespace"/> is read under the lock: caches call
    /// handlers after a change is in them, so that no change is missed.
    /// </summary>
    public void OnService(V1Service? old, V1Service? service, Func<IEnumerable<V1Pod>> podsOfNamespace)
    {
        var key = (service ?? old)!.Key();
        lock (_gate)
        {
            if (service is null)
            {
                _pods.Remove(key);
            }
            else if (old is null || !EndpointSlicePlan.SelectorsAreEqual(old, service))
            {
                _pods[key] = [.. podsOfNamespace().Where(pod => EndpointSlicePlan.Selects(service, pod)).Select(pod => pod.Key())];
            }
        }
    }

    /// <summary>Records whether the Service selects the pod.</summary>
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
}
