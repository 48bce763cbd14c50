using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>The names of event fields in v1, the stored version, and in events.k8s.io/v1, which renames many of them.</summary>
/// <param name="Target">What the event is about.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Controller">Who says so.</param>
/// <param name="Source">Who said so, once.</param>
/// <param name="First">When it was first seen, once.</param>
/// <param name="Last">When it was last seen, once.</param>
/// <param name="Count">How often it was seen, once.</param>
internal sealed record EventFields(string Target, string Message, string Controller, string Source, string First, string Last, string Count)
{
    public static EventFields Core { get; } =
        new("involvedObject", "message", "reportingComponent", "source", "firstTimestamp", "lastTimestamp", "count");

    public static EventFields Newer { get; } =
        new(
            "regarding",
            "note",
            "reportingController",
            "deprecatedSource",
            "deprecatedFirstTimestamp",
            "deprecatedLastTimestamp",
            "deprecatedCount"
        );

    /// <summary>The document with the other names; it takes over the members of its argument.</summary>
    public JsonObject Rename(JsonObject document, EventFields to, string apiVersion)
    {
        var names = Names.Zip(to.Names).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
        var members = document.ToList();
        document.Clear();
        foreach (var (name, value) in members)
        {
            document[names.GetValueOrDefault(name, name)] = value;
        }
        document["apiVersion"] = apiVersion;
        return document;
    }

    public string FirstSeen(JsonElement value) => value.Text(First) is { Length: > 0 } first ? first : value.Text("eventTime");

    public string LastSeen(JsonElement value) =>
        value.Text("series", "lastObservedTime") is { Length: > 0 } observed ? observed
        : value.Text(Last) is { Length: > 0 } last ? last
        : FirstSeen(value);

    private string[] Names => [Target, Message, Controller, Source, First, Last, Count];
}
