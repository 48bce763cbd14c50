using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>Services: their number, and the node ports and load balancers among them.</summary>
internal sealed class ServiceEvaluator : IQuotaEvaluator
{
    private const string NodePorts = "services.nodeports";
    private const string LoadBalancers = "services.loadbalancers";

    // A service may become one of another type.
    public bool ChargesUpdates => true;

    public bool Counts(string resource) => resource is "count/services" or "services" or NodePorts or LoadBalancers;

    public ResourceAmounts Usage(JsonObject document, DateTimeOffset now)
    {
        var spec = document.Child("spec");
        var type = spec.Text("type");
        return new()
        {
            ["count/services"] = Quantity.FromValue(1),
            ["services"] = Quantity.FromValue(1),
            [LoadBalancers] = Quantity.FromValue(type == "LoadBalancer" ? 1 : 0),
            [NodePorts] = Quantity.FromValue(type is "NodePort" or "LoadBalancer" ? CountNodePorts(spec!) : 0),
        };
    }

    public bool Meets(ScopeSelector selector, JsonObject document) => false;

    public string? Problem(IReadOnlyCollection<string> resources, JsonObject document) => null;

    // The ports that are or will be given out: a load balancer may do without, except for those that it names.
    private static int CountNodePorts(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"]?.GetValueKind() == JsonValueKind.False
            ? spec.Objects("ports").Count(port => port.Number("nodePort") is not (null or 0))
            : spec.Objects("ports").Count();
}
