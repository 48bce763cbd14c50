using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Service. The server allocates its cluster addresses and node ports (<see cref="ServiceAllocator"/>).</summary>
internal static class ServiceKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Service", "services", namespaced: true) with
        {
            Allocator = ServiceAllocator.Instance,
            DeletionReturnsObject = true,
            ShortNames = ["svc"],
            Categories = ["all"],
            HasStatus = true,
            NameProblem = NameSyntax.ServiceNameProblem,
            Default = ServiceDefaults.Default,
            PrepareForCreate = static (service, _) => service["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
            PrepareForUpdate = static (service, old, _) => ServiceDefaults.Keep(service, old),
            Validate = ServiceValidation.Validate,
            Warnings = ServiceWarnings.Of,
            Columns =
            [
                Name,
                Shown("Type", "How the service is reached.", static o => o.Text("spec", "type")),
                Shown("Cluster-IP", "Its address inside the cluster.", static o => o.Text("spec", "clusterIP").OrNone()),
                Shown("External-IP", "Its addresses outside of the cluster.", ExternalAddress),
                Shown("Port(s)", "Its ports, with those of the nodes after a colon.", Ports),
                Age,
                Wide("Selector", "Which pods are behind it.", static o => Pairs(o.At("spec", "selector")).OrNone()),
            ],
            SelectableFields = Selectable("spec.clusterIP", "spec.type"),
        };

    private static string ExternalAddress(JsonElement service)
    {
        var external = service.Items("spec", "externalIPs").Select(ip => ip.GetString()!).ToArray();
        switch (service.Text("spec", "type"))
        {
            case "ExternalName":
                return service.Text("spec", "externalName");
            case "LoadBalancer":
                var balancers = service
                    .Items("status", "loadBalancer", "ingress")
                    .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname"))
                    .Where(a => a.Length > 0)
                    .Distinct()
                    .Order(StringComparer.Ordinal);
                var all = string.Join(',', external.Length > 0 ? balancers.Concat(external) : balancers);
                return all.Length > 0 ? all : "<pending>";
            default:
                return string.Join(',', external).OrNone();
        }
    }

    private static string Ports(JsonElement service) =>
        string.Join(
                ',',
                service
                    .Items("spec", "ports")
                    .Select(p =>
                        p.Number("nodePort") is not 0 and var node
                            ? $"{p.Number("port")}:{node}/{p.Text("protocol")}"
                            : $"{p.Number("port")}/{p.Text("protocol")}"
                    )
            )
            .OrNone();
}
