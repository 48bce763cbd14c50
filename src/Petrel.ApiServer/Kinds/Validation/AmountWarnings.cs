using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>Warns about sizes that are no whole number of bytes, such as <c>100m</c> where <c>100M</c> was meant.</summary>
internal static class AmountWarnings
{
    /// <summary>The warnings of these resources in a map of amounts.</summary>
    public static IEnumerable<string> Fractions(JsonNode? node, string map, string path, params IReadOnlyList<string> resources)
    {
        foreach (var resource in resources)
        {
            if (Quantity.TryParse(node.Child(map).Text(resource), out var amount) && amount.MilliValue % 1000 != 0)
            {
                yield return $"{path}.{map}[{resource}]: fractional byte value \"{amount}\" is invalid, must be an integer";
            }
        }
    }
}
