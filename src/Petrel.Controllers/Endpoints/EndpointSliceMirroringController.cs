using System.Net;
using System.Net.Sockets;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// Mirrors the Endpoints that users write for Services without a selector to EndpointSlices, which proxies read (upstream:
/// endpointslicemirroring-controller). Each subset has one slice per address type. The names follow from both.
/// </summary>
public sealed class EndpointSliceMirroringController : IController
{
    private const string Manager = "endpointslicemirroring-controller.k8s.io";
    private const string SkipLabel = "endpointslice.kubernetes.io/skip-mirror";
    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
    private const string ByService = "mirrored-service";

    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;

    public EndpointSliceMirroringController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "endpointslicemirroring-controller", SyncAsync);
        var caches = context.Caches;
        caches.EndpointSlices.AddIndex(ByService, slice => ServiceOf(slice) is { } service ? [service.ToString()] : []);

        _loop.Watch(caches.Services);
        _loop.Watch(caches.Endpoints);
        _loop.Watch(caches.EndpointSlices, change => ServiceOf(change.Latest) is { } service ? [service] : []);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var caches = _context.Caches;
        var desired =
            caches.Endpoints.Get(key) is { } endpoints && caches.Services.Get(key) is { } service && IsMirrored(endpoints, service)
                ? Mirror(endpoints)
                : [];
        var current = caches.EndpointSlices.ByIndex(ByService, key.ToString()).ToDictionary(s => s.Metadata.Name, StringComparer.Ordinal);
        foreach (var slice in desired)
        {
            if (!current.Remove(slice.Metadata.Name, out var old))
            {
                var written = await _context.Client.CreateAsync(slice, cancellationToken);
                await caches.EndpointSlices.WaitForWriteAsync(written, cancellationToken);
            }
            else if (Content(old) != Content(slice))
            {
                slice.Metadata.ResourceVersion = old.Metadata.ResourceVersion;
                var written = await _context.Client.UpdateAsync(slice, cancellationToken);
                await caches.EndpointSlices.WaitForWriteAsync(written, cancellationToken);
            }
        }
        foreach (var old in current.Values.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal))
        {
            await _context.Client.DeleteAsync<V1EndpointSlice>(
                old.Key(),
                new() { Preconditions = new() { Uid = old.Metadata.Uid } },
                cancellationToken
            );
            await caches.EndpointSlices.WaitForRemovalAsync(old, cancellationToken);
        }
        return null;
    }

    private static bool IsMirrored(V1Endpoints endpoints, V1Service service) =>
        service.Spec.Selector is not { Count: > 0 }
        && service.Spec.Type != "ExternalName"
        && service.Metadata.DeletionTimestamp is null
        && endpoints.Metadata.DeletionTimestamp is null
        && !(endpoints.Metadata.Labels is { } labels && labels.TryGetValue(SkipLabel, out var skip) && skip == "true")
        && endpoints.Metadata.Annotations?.ContainsKey(LeaderAnnotation) != true;

    private static List<V1EndpointSlice> Mirror(V1Endpoints endpoints)
    {
        var labels = new SortedDictionary<string, string>(
            endpoints.Metadata.Labels ?? new Dictionary<string, string>(),
            StringComparer.Ordinal
        )
        {
            [EndpointSliceLabels.ServiceName] = endpoints.Metadata.Name,
            [EndpointSliceLabels.ManagedBy] = Manager,
        };
        var slices = new List<V1EndpointSlice>();
        foreach (var (subset, number) in (endpoints.Subsets ?? []).Select((s, i) => (s, i)))
        {
            var all = (subset.Addresses ?? [])
                .Select(a => (Address: a, Ready: true))
                .Concat((subset.NotReadyAddresses ?? []).Select(a => (Address: a, Ready: false)));
            foreach (var family in all.GroupBy(a => TypeOf(a.Address.Ip)).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                slices.Add(
                    new()
                    {
                        ApiVersion = "discovery.k8s.io/v1",
                        Kind = "EndpointSlice",
                        Metadata = new()
                        {
                            Name = $"{endpoints.Metadata.Name}-mirror-{number}-{family.Key.ToLowerInvariant()}",
                            NamespaceProperty = endpoints.Metadata.NamespaceProperty,
                            Labels = labels,
                            OwnerReferences = [OwnerReferences.ToController(endpoints)],
                        },
                        AddressType = family.Key,
                        Endpoints =
                        [
                            .. family.Select(a => new V1Endpoint
                            {
                                Addresses = [a.Address.Ip],
                                Conditions = new() { Ready = a.Ready },
                                Hostname = string.IsNullOrEmpty(a.Address.Hostname) ? null : a.Address.Hostname,
                                NodeName = a.Address.NodeName,
                                TargetRef = a.Address.TargetRef,
                            }),
                        ],
                        Ports =
                        [
                            .. (subset.Ports ?? []).Select(p => new Discoveryv1EndpointPort
                            {
                                Name = p.Name ?? "",
                                Port = p.Port,
                                Protocol = p.Protocol ?? "TCP",
                                AppProtocol = p.AppProtocol,
                            }),
                        ],
                    }
                );
            }
        }
        return slices;
    }

    private static string Content(V1EndpointSlice slice) =>
        KubernetesJson.Serialize(
            new V1EndpointSlice
            {
                AddressType = slice.AddressType,
                Endpoints = slice.Endpoints ?? [],
                Ports = slice.Ports ?? [],
                Metadata = new()
                {
                    Labels = new SortedDictionary<string, string>(
                        slice.Metadata.Labels ?? new Dictionary<string, string>(),
                        StringComparer.Ordinal
                    ),
                    OwnerReferences = slice.Metadata.OwnerReferences,
                },
            }
        );

    private static string TypeOf(string address) =>
        IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6
            ? PodEndpoint.IPv6
            : PodEndpoint.IPv4;

    private static ObjectKey? ServiceOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels
        && labels.TryGetValue(EndpointSliceLabels.ManagedBy, out var manager)
        && manager == Manager
        && labels.TryGetValue(EndpointSliceLabels.ServiceName, out var service)
            ? new ObjectKey(slice.Metadata.NamespaceProperty, service)
            : null;
}
