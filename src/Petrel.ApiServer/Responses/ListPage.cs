using System.Text.Json.Nodes;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Responses;

/// <summary>One page of a list: its objects, their revision, and where the list continues.</summary>
/// <param name="Continue">The token of the next page, or empty at the end.</param>
/// <param name="Remaining">How many follow, when known.</param>
internal sealed record ListPage(IReadOnlyList<WireObject> Items, long Revision, string Continue, long? Remaining)
{
    /// <summary>meta/v1 ListMeta.</summary>
    public JsonObject Metadata()
    {
        var metadata = new JsonObject { ["resourceVersion"] = Revision.ToString() };
        if (Continue.Length > 0)
        {
            metadata["continue"] = Continue;
        }
        if (Remaining is > 0)
        {
            metadata["remainingItemCount"] = Remaining.Value;
        }
        return metadata;
    }
}
