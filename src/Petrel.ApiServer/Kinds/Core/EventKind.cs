using System.Text.Json;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Event: what happened to an object, for people. Both versions of events are stored as this one.</summary>
internal static class EventKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Event", "events", namespaced: true) with
        {
            IsCreatedByUpdate = true,
            ShortNames = ["ev"],
            Validate = static (value, _, errors) => EventValidation.Validate(value, "reportingComponent", errors),
            Columns = TableColumns(EventFields.Core),
            SelectableFields = Selectable(
                    "involvedObject.kind",
                    "involvedObject.namespace",
                    "involvedObject.name",
                    "involvedObject.uid",
                    "involvedObject.apiVersion",
                    "involvedObject.resourceVersion",
                    "involvedObject.fieldPath",
                    "reason",
                    "reportingComponent",
                    "type"
                )
                .With("source", static o =>
                    o.Text("source", "component") is { Length: > 0 } source ? source : o.Text("reportingComponent")
                ),
        };

    /// <summary>The columns of either version, which show the same.</summary>
    public static IReadOnlyList<PrinterColumn> TableColumns(EventFields fields) =>
        [
            new("Last Seen", "string", "", "When it was last seen.", 0, (o, now) => Since(fields.LastSeen(o), now)),
            Shown("Type", "Normal or Warning.", static o => o.Text("type")),
            Shown("Reason", "Why, in one word.", static o => o.Text("reason")),
            Shown("Object", "What it happened to.", o => Target(o, fields)),
            Wide("Subobject", "Which part of that object.", o => o.Text(fields.Target, "fieldPath")),
            Wide("Source", "Which component says so.", o => Source(o, fields)),
            Shown("Message", "What happened.", o => o.Text(fields.Message).Trim()),
            new("First Seen", "string", "", "When it was first seen.", 1, (o, now) => Since(fields.FirstSeen(o), now)),
            Wide("Count", "How often it was seen.", o =>
                o.Has("series") ? o.Number("series", "count") : Math.Max(o.Number(fields.Count), 1)
            ),
            Wide("Name", "The event's own name.", static o => o.Text("metadata", "name")) with
            {
                Format = "name",
            },
        ];

    private static string Target(JsonElement value, EventFields fields)
    {
        var kind = value.Text(fields.Target, "kind").ToLowerInvariant();
        var name = value.Text(fields.Target, "name");
        return name.Length == 0 ? kind : $"{kind}/{name}";
    }

    private static string Source(JsonElement value, EventFields fields)
    {
        var component = value.Text(fields.Source, "component") is { Length: > 0 } source ? source : value.Text(fields.Controller);
        var host = value.Text(fields.Source, "host") is { Length: > 0 } sourceHost ? sourceHost : value.Text("reportingInstance");
        return host.Length == 0 ? component : $"{component}, {host}";
    }
}
