using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Events;

/// <summary>events.k8s.io/v1 Event: the same objects as v1's events, with other names for their fields and stricter rules.</summary>
internal static class EventsEventKind
{
    private const string Group = "events.k8s.io";

    private static readonly string[] TargetFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(Group, "v1", "Event", "events", namespaced: true) with
        {
            IsCreatedByUpdate = true,
            ShortNames = ["ev"],
            Storage = EventKind.Definition,
            FromStorage = static document => EventFields.Core.Rename(document, EventFields.Newer, $"{Group}/v1"),
            ToStorage = ToCore,
            Validate = Validate,
            Columns = EventKind.TableColumns(EventFields.Newer),
            SelectableFields = Selectable([.. TargetFields.Select(f => $"regarding.{f}"), "reason", "reportingController", "type"])
                .ToFrozenDictionary(),
        };

    private static JsonObject ToCore(JsonObject document) => EventFields.Newer.Rename(document, EventFields.Core, "v1");

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var stored = ToCore(value.DeepClone().AsObject());
        EventValidation.Validate(stored, "reportingController", errors);
        if (old is null)
        {
            EventValidation.Strict(stored, errors);
        }
        else
        {
            EventValidation.StrictUpdate(stored, ToCore(old.DeepClone().AsObject()), EventKind.Definition.Schema, errors);
        }
    }
}
