using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>A pod as an endpoint of a Service.</summary>
internal static class PodEndpoint
{
    public const string IPv4 = "IPv4";
    public const string IPv6 = "IPv6";

    private const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>Whether the pod can be an endpoint: it has an address and is not finished.</summary>
    public static bool CanServe(V1Pod pod) => !pod.IsFinished() && Addresses(pod).Any();

    /// <summary>The address types of the pod.</summary>
    public static IEnumerable<string> AddressTypes(V1Pod pod) => Addresses(pod).Select(TypeOf).OfType<string>();

    /// <summary>The endpoint, or null when the pod has no address of this type.</summary>
    public static V1Endpoint? Of(V1Service service, V1Pod pod, V1Node? node, string addressType)
    {
        var addresses = Addresses(pod).Where(a => TypeOf(a) == addressType).ToList();
        if (addresses.Count == 0)
        {
            return null;
        }
        var serving = pod.IsReady();
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        return new()
        {
            Addresses = addresses,
            Conditions = new()
            {
                Ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating),
                Serving = serving,
                Terminating = terminating,
            },
            Hostname = !string.IsNullOrEmpty(pod.Spec.Hostname) && pod.Spec.Subdomain == service.Metadata.Name ? pod.Spec.Hostname : null,
            NodeName = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : pod.Spec.NodeName,
            Zone = ZoneOf(node),
            TargetRef = new()
            {
                Kind = "Pod",
                NamespaceProperty = pod.Metadata.NamespaceProperty,
                Name = pod.Metadata.Name,
                Uid = pod.Metadata.Uid,
            },
        };
    }

    /// <summary>The node's zone, or null.</summary>
    public static string? ZoneOf(V1Node? node) =>
        node?.Metadata.Labels is { } labels && labels.TryGetValue(ZoneLabel, out var zone) ? zone : null;

    /// <summary>Whether both endpoints are the same.</summary>
    public static bool AreEqual(V1Endpoint left, V1Endpoint right) =>
        (left.Addresses ?? []).SequenceEqual(right.Addresses ?? [])
        && left.Conditions?.Ready == right.Conditions?.Ready
        && left.Conditions?.Serving == right.Conditions?.Serving
        && left.Conditions?.Terminating == right.Conditions?.Terminating
        && (left.Hostname ?? "") == (right.Hostname ?? "")
        && (left.NodeName ?? "") == (right.NodeName ?? "")
        && (left.Zone ?? "") == (right.Zone ?? "")
        && left.TargetRef?.Kind == right.TargetRef?.Kind
        && left.TargetRef?.NamespaceProperty == right.TargetRef?.NamespaceProperty
        && left.TargetRef?.Name == right.TargetRef?.Name
        && left.TargetRef?.Uid == right.TargetRef?.Uid;

    /// <summary>Whether a change of a pod may change an endpoint. Labels are not compared.</summary>
    public static bool Differs(V1Pod old, V1Pod pod) =>
        CanServe(old) != CanServe(pod)
        || !Addresses(old).SequenceEqual(Addresses(pod))
        || old.IsReady() != pod.IsReady()
        || old.Metadata.DeletionTimestamp is null != pod.Metadata.DeletionTimestamp is null
        || old.Metadata.Uid != pod.Metadata.Uid
        || old.Spec.NodeName != pod.Spec.NodeName;

    private static IEnumerable<string> Addresses(V1Pod pod)
    {
        var all = (pod.Status?.PodIPs ?? []).Select(ip => ip.Ip).Where(ip => !string.IsNullOrEmpty(ip)).ToList();
        return all.Count > 0 ? all
            : string.IsNullOrEmpty(pod.Status?.PodIP) ? []
            : [pod.Status.PodIP];
    }

    private static string? TypeOf(string address) =>
        IPAddress.TryParse(address, out var parsed)
            ? parsed.AddressFamily == AddressFamily.InterNetworkV6
                ? IPv6
                : IPv4
            : null;
}
