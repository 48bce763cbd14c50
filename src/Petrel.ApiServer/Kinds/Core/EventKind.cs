using System.Text.Json;
using System.Text.Json.Nodes;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Event: what happened to an object, for people.</summary>
internal static class EventKind
{
    public static KindDefinition Definition { get; } = BuiltInKinds.Row("", "v1", "Event", "events", namespaced: true) with
    {
        ShortNames = ["ev"],
        Validate = Validate,
        Columns =
        [
            new("Last Seen", "string", "", "When it was last seen.", 0, static (o, now) => Since(LastSeen(o), now)),
            Shown("Type", "Normal or Warning.", static o => o.Text("type")),
            Shown("Reason", "Why, in one word.", static o => o.Text("reason")),
            Shown("Object", "What it happened to.", Target),
            Wide("Subobject", "Which part of that object.", static o => o.Text("involvedObject", "fieldPath")),
            Wide("Source", "Which component says so.", Source),
            Shown("Message", "What happened.", static o => o.Text("message").Trim()),
            new("First Seen", "string", "", "When it was first seen.", 1, static (o, now) => Since(FirstSeen(o), now)),
            Wide("Count", "How often it was seen.", static o => o.Has("series") ? o.Number("series", "count") : Math.Max(o.Number("count"), 1)),
            Wide("Name", "The event's own name.", static o => o.Text("metadata", "name")) with { Format = "name" },
        ],
        SelectableFields = Selectable(
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "type")
            .With("reportingComponent", static o => o.Text("reportingComponent"))
            .With("source", static o => o.Text("source", "component") is { Length: > 0 } source ? source : o.Text("reportingComponent")),
    };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var own = value.Child("metadata").Text("namespace");
        var involved = value.Child("involvedObject").Text("namespace");
        // Events about objects without a namespace live in the default one.
        if (involved.Length == 0 ? own is not ("" or "default") : involved != own)
        {
            errors.Invalid("involvedObject.namespace", involved, "does not match event.namespace");
        }
    }

    private static string FirstSeen(JsonElement value) => value.Text("firstTimestamp") is { Length: > 0 } first ? first : value.Text("eventTime");

    private static string LastSeen(JsonElement value) =>
        value.Text("series", "lastObservedTime") is { Length: > 0 } observed ? observed
        : value.Text("lastTimestamp") is { Length: > 0 } last ? last
        : FirstSeen(value);

    private static string Target(JsonElement value)
    {
        var kind = value.Text("involvedObject", "kind").ToLowerInvariant();
        var name = value.Text("involvedObject", "name");
        return name.Length == 0 ? kind : $"{kind}/{name}";
    }

    private static string Source(JsonElement value)
    {
        var component = value.Text("source", "component") is { Length: > 0 } source ? source : value.Text("reportingComponent");
        var host = value.Text("source", "host") is { Length: > 0 } sourceHost ? sourceHost : value.Text("reportingInstance");
        return host.Length == 0 ? component : $"{component}, {host}";
    }
}
