using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>Services: their number, and the number of their node ports and load balancers.</summary>
internal sealed class ServiceEvaluator : IQuotaEvaluator
{
    private const string NodePorts = "services.nodeports";
    private const string LoadBalancers = "services.loadbalancers";

    // An update may change the type of a Service.
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

    // The node ports that are or will be allocated. A load balancer Service may disable the allocation. Then only the node ports that it
    // specifies count.
    private static int CountNodePorts(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"]?.GetValueKind() == JsonValueKind.False
            ? spec.Objects("ports").Count(port => port.Number("nodePort") is not (null or 0))
            : spec.Objects("ports").Count();
}
