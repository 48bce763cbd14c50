using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.KubernetesService;

/// <summary>
/// Keeps the Service <c>kubernetes</c> of the namespace <c>default</c>, through which pods reach the API, with its Endpoints and
/// EndpointSlice (upstream: the kubernetesservice controller of kube-apiserver). Without endpoints in the settings it does nothing.
/// </summary>
public sealed class KubernetesServiceController(ControllerContext context) : IController
{
    /// <summary>The name of the Service, its Endpoints and its EndpointSlice.</summary>
    public const string ServiceName = "kubernetes";

    private const string PortName = "https";
    private static readonly ObjectKey Key = new("default", ServiceName);

    // No watch shows changes by others: so the objects are checked in this interval.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private IReadOnlyList<IPEndPoint> Servers => context.Settings.ApiEndpoints;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Servers.Count > 0
            ? new PeriodicLoop(context, "kubernetes-service-controller", Period, EnsureAllAsync).RunAsync(cancellationToken)
            : Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);

    private async ValueTask EnsureAllAsync(CancellationToken cancellationToken)
    {
        await EnsureServiceAsync(cancellationToken);
        await EnsureEndpointsAsync(cancellationToken);
        await EnsureSliceAsync(cancellationToken);
    }

    private async ValueTask EnsureServiceAsync(CancellationToken cancellationToken)
    {
        List<V1ServicePort> ports =
        [
            new()
            {
                Name = PortName,
                Port = 443,
                Protocol = "TCP",
                TargetPort = $"{Servers[0].Port}",
            },
        ];
        if (await context.Client.FindAsync<V1Service>(Key, cancellationToken) is not { } current)
        {
            await context.Client.CreateAsync(
                new V1Service
                {
                    ApiVersion = "v1",
                    Kind = "Service",
                    Metadata = Metadata(new() { ["component"] = "apiserver", ["provider"] = "kubernetes" }),
                    Spec = new()
                    {
                        Type = "ClusterIP",
                        ClusterIP = context.Settings.ApiServiceAddress,
                        SessionAffinity = "None",
                        Ports = ports,
                    },
                },
                cancellationToken
            );
        }
        else if (
            current.Spec.Ports is not [{ Name: PortName, Port: 443, Protocol: "TCP" } port]
            || port.TargetPort?.Value != ports[0].TargetPort.Value
        )
        {
            current.Spec.Ports = ports;
            await context.Client.UpdateAsync(current, cancellationToken);
        }
    }

    private async ValueTask EnsureEndpointsAsync(CancellationToken cancellationToken)
    {
        List<V1EndpointSubset> subsets =
        [
            new()
            {
                Addresses = [.. Servers.Select(s => new V1EndpointAddress { Ip = s.Address.ToString() })],
                Ports =
                [
                    new()
                    {
                        Name = PortName,
                        Port = Servers[0].Port,
                        Protocol = "TCP",
                    },
                ],
            },
        ];
        if (await context.Client.FindAsync<V1Endpoints>(Key, cancellationToken) is not { } current)
        {
            // No mirroring: the EndpointSlice exists already.
            var metadata = Metadata(new() { ["endpointslice.kubernetes.io/skip-mirror"] = "true" });
            await context.Client.CreateAsync(
                new V1Endpoints
                {
                    ApiVersion = "v1",
                    Kind = "Endpoints",
                    Metadata = metadata,
                    Subsets = subsets,
                },
                cancellationToken
            );
        }
        else if (
            current.Subsets
                is not [
                    {
                        NotReadyAddresses: null or { Count: 0 },
                        Addresses: { } addresses,
                        Ports: [{ Name: PortName, Protocol: "TCP" } port]
                    },
                ]
            || port.Port != Servers[0].Port
            || !AreServers(addresses.Select(a => a.Ip))
        )
        {
            current.Subsets = subsets;
            await context.Client.UpdateAsync(current, cancellationToken);
        }
    }

    private async ValueTask EnsureSliceAsync(CancellationToken cancellationToken)
    {
        List<V1Endpoint> endpoints =
        [
            .. Servers.Select(s => new V1Endpoint
            {
                Addresses = [s.Address.ToString()],
                Conditions = new() { Ready = true },
            }),
        ];
        List<Discoveryv1EndpointPort> ports =
        [
            new()
            {
                Name = PortName,
                Port = Servers[0].Port,
                Protocol = "TCP",
            },
        ];
        if (await context.Client.FindAsync<V1EndpointSlice>(Key, cancellationToken) is not { } current)
        {
            await context.Client.CreateAsync(
                new V1EndpointSlice
                {
                    ApiVersion = "discovery.k8s.io/v1",
                    Kind = "EndpointSlice",
                    Metadata = Metadata(new() { ["kubernetes.io/service-name"] = ServiceName }),
                    AddressType = "IPv4",
                    Endpoints = endpoints,
                    Ports = ports,
                },
                cancellationToken
            );
        }
        else if (
            current.Ports is not [{ Name: PortName, Protocol: "TCP" } port]
            || port.Port != Servers[0].Port
            || !AreServers(current.Endpoints.SelectMany(e => e.Addresses))
            || current.Endpoints.Any(e => e.Conditions?.Ready != true)
        )
        {
            (current.Endpoints, current.Ports) = (endpoints, ports);
            await context.Client.UpdateAsync(current, cancellationToken);
        }
    }

    private bool AreServers(IEnumerable<string> addresses) =>
        addresses.Order(StringComparer.Ordinal).SequenceEqual(Servers.Select(s => s.Address.ToString()).Order(StringComparer.Ordinal));

    private static V1ObjectMeta Metadata(Dictionary<string, string> labels) =>
        new()
        {
            Name = ServiceName,
            NamespaceProperty = Key.Namespace,
            Labels = labels,
        };
}
