using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>
/// Any other resource: only its objects are counted, as <c>count/RESOURCE.GROUP</c>. A few resources are also counted by their plain name.
/// </summary>
internal sealed class CountEvaluator(string group, string plural) : IQuotaEvaluator
{
    private readonly string[] _names =
        group.Length == 0 && plural is "configmaps" or "replicationcontrollers" or "resourcequotas" or "secrets"
            ? [QuotaEvaluators.CountName(group, plural), plural]
            : [QuotaEvaluators.CountName(group, plural)];

    public bool ChargesUpdates => false;

    public bool Counts(string resource) => _names.Contains(resource);

    public ResourceAmounts Usage(JsonObject document, DateTimeOffset now)
    {
        var usage = new ResourceAmounts();
        foreach (var name in _names)
        {
            usage[name] = Quantity.FromValue(1);
        }
        return usage;
    }

    public bool Meets(ScopeSelector selector, JsonObject document) => false;

    public string? Problem(IReadOnlyCollection<string> resources, JsonObject document) => null;
}
