using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>Warns about names that are valid, and that pods cannot use as their hostname.</summary>
internal static class NameWarnings
{
    /// <summary>The warning of a new object; <paramref name="use"/> is what its name becomes.</summary>
    public static IEnumerable<string> Of(JsonObject value, JsonObject? old, string use = "Pod names and hostnames")
    {
        if (old is null && NameSyntax.LabelProblem(value.Child("metadata").Text("name")) is { } problem)
        {
            yield return $"metadata.name: this is used in {use}, which can result in surprising behavior; "
                + $"a DNS label is recommended: [{problem}]";
        }
    }
}
