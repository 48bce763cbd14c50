using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>
/// Upstream's rules for events. Those that come through events.k8s.io are held to more of them; all are checked as they are stored, under
/// v1's names.
/// </summary>
internal static class EventValidation
{
    private const int MaxText = 128;
    private const int MaxNote = 1024;

    // The immutable fields of an event that was created through events.k8s.io, by upstream's names.
    private static readonly (string Name, string Shown)[] Fixed =
    [
        ("involvedObject", "involvedObject"),
        ("reason", "reason"),
        ("message", "message"),
        ("source", "source"),
        ("firstTimestamp", "firstTimestamp"),
        ("lastTimestamp", "lastTimestamp"),
        ("count", "count"),
        ("type", "type"),
        ("eventTime", "eventTime"),
        ("action", "action"),
        ("related", "related"),
        ("reportingComponent", "reportingController"),
        ("reportingInstance", "reportingInstance"),
    ];

    /// <summary>The rules of v1, and of every version.</summary>
    public static void Validate(JsonObject value, string controllerField, FieldErrors errors)
    {
        var own = value.Child("metadata").Text("namespace");
        var involved = value.Child("involvedObject").Text("namespace");
        if (value.Text("eventTime").Length == 0)
        {
            // Events about objects without a namespace live in the default one.
            if (involved.Length == 0 ? own is not ("" or "default") : involved != own)
            {
                errors.Invalid("involvedObject.namespace", involved, "does not match event.namespace");
            }
        }
        else
        {
            if (involved.Length == 0 && own is not ("default" or "kube-system"))
            {
                errors.Invalid("involvedObject.namespace", involved, "does not match event.namespace");
            }
            var controller = value.Text("reportingComponent");
            if (controller.Length == 0)
            {
                errors.Required(controllerField);
            }
            if (LabelSyntax.KeyProblem(controller) is { } problem)
            {
                errors.Invalid(controllerField, controller, problem);
            }
            Text(value, "reportingInstance", MaxText, isNeeded: true, errors);
            Text(value, "action", MaxText, isNeeded: true, errors);
            Text(value, "reason", MaxText, isNeeded: true, errors);
            Text(value, "message", MaxNote, isNeeded: false, errors);
        }
    }

    /// <summary>Further rules of events.k8s.io/v1 for new events.</summary>
    public static void Strict(JsonObject value, FieldErrors errors)
    {
        Series(value, errors);
        if (value.Text("eventTime").Length == 0)
        {
            errors.Required("eventTime");
        }
        if (value.Text("type") is not ("Normal" or "Warning") and var type)
        {
            errors.Invalid("type", "", $"has invalid value: {type}");
        }
        foreach (var old in (ReadOnlySpan<string>)["firstTimestamp", "lastTimestamp"])
        {
            if (value.Text(old).Length > 0)
            {
                errors.Invalid(old, "", "needs to be unset");
            }
        }
        if ((value.Number("count") ?? 0) != 0)
        {
            errors.Invalid("count", "", "needs to be unset");
        }
        if (value.Child("source").Text("component").Length > 0 || value.Child("source").Text("host").Length > 0)
        {
            errors.Invalid("source", "", "needs to be unset");
        }
    }

    /// <summary>What events.k8s.io/v1 lets an update change: the series, and nothing else.</summary>
    public static void StrictUpdate(JsonObject value, JsonObject old, SchemaType type, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["series"], old["series"]))
        {
            Series(value, errors);
        }
        foreach (var (name, shown) in Fixed)
        {
            if (!SemanticEquality.Equal(Only(value, name), Only(old, name), type))
            {
                errors.Invalid(shown, value[name], "field is immutable");
            }
        }
    }

    private static JsonObject Only(JsonObject value, string name) => value[name] is { } member ? new() { [name] = member.DeepClone() } : [];

    private static void Text(JsonObject value, string field, int most, bool isNeeded, FieldErrors errors)
    {
        var text = value.Text(field);
        if (isNeeded && text.Length == 0)
        {
            errors.Required(field);
        }
        if (System.Text.Encoding.UTF8.GetByteCount(text) > most)
        {
            errors.Invalid(field, "", $"can have at most {most} characters");
        }
    }

    private static void Series(JsonObject value, FieldErrors errors)
    {
        if (value.Child("series") is not { } series)
        {
            return;
        }
        if ((series.Number("count") ?? 0) < 2)
        {
            errors.Invalid("series.count", "", "should be at least 2");
        }
        if (series.Text("lastObservedTime").Length == 0)
        {
            errors.Required("series.lastObservedTime");
        }
    }
}
