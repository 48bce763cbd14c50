using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Apply;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Apply;

/// <summary>Maintains <c>metadata.managedFields</c> on writes other than apply: the writer owns the fields that it changed.</summary>
internal sealed class FieldTracking(KindRegistry kinds, TimeProvider time)
{
    private const int MaxManager = 128;

    // An object before its creation: an empty document.
    private static readonly JsonObject Nothing = [];

    /// <summary>The managers of a new object: <c>metadata.managedFields</c>, or null when there are none.</summary>
    public JsonArray? OnCreate(KindDefinition kind, JsonObject document, WriteCall call)
    {
        if (ManagedFields.Read(document.Metadata()["managedFields"]) is { } given)
        {
            return Update(kind, Nothing, document, given, call).ToJson();
        }
        return CreatedFields.Of(document, kind.Schema, OwnedKinds.ResetFields(kind, call.Subresource)) is { } fields
            ? ManagedFields.Alone(WriterOf(kind, call), ManagedFields.Timestamp(time.GetUtcNow()), fields)
            : Update(kind, Nothing, document, ManagedFields.None, call).ToJson();
    }

    /// <summary>The managers of a changed object. A write to the object itself may state managers of its own.</summary>
    /// <param name="kind">The object's kind.</param>
    /// <param name="old">The object as it was.</param>
    /// <param name="changed">The object as it will be.</param>
    /// <param name="stated">The managedFields of the write, or null.</param>
    /// <param name="call">Who writes.</param>
    /// <param name="unchanged">The fields that are known to be as they were; null when none is.</param>
    public ManagedFields OnUpdate(
        KindDefinition kind,
        JsonObject old,
        JsonObject changed,
        JsonNode? stated,
        WriteCall call,
        UnchangedFields? unchanged
    )
    {
        var before = ManagedFields.Read(old.Metadata()["managedFields"]) ?? ManagedFields.None;
        var managers =
            call.Subresource.Length > 0 ? before
            : ManagedFields.IsReset(stated) ? ManagedFields.None
            : ManagedFields.Read(stated) ?? before;
        // An object without managers is tracked again from its next apply on.
        return managers.Entries.Count == 0 ? managers : Update(kind, old, changed, managers, call, unchanged);
    }

    /// <summary>Sets or removes <c>metadata.managedFields</c>.</summary>
    public static void Store(JsonObject document, JsonArray? managers)
    {
        document.Metadata().Remove("managedFields");
        if (managers is not null)
        {
            document.Metadata()["managedFields"] = managers;
        }
    }

    private ManagedFields Update(
        KindDefinition kind,
        JsonObject before,
        JsonObject after,
        ManagedFields managers,
        WriteCall call,
        UnchangedFields? unchanged = null
    ) =>
        FieldOwnership.Update(
            before,
            after,
            managers,
            WriterOf(kind, call),
            OwnedKinds.Of(kind, kinds),
            OwnedKinds.ResetFields(kind, call.Subresource),
            ManagedFields.Timestamp(time.GetUtcNow()),
            unchanged
        );

    private static FieldManager WriterOf(KindDefinition kind, WriteCall call) =>
        new(call.FieldManager.Length > 0 ? call.FieldManager : FromUserAgent(call.UserAgent), false, kind.Gvk.ApiVersion, call.Subresource);

    // kubectl/v1.35.0 (linux/amd64) ... is kubectl.
    private static string FromUserAgent(string agent)
    {
        var name = new string([.. agent.Split('/')[0].Where(c => !char.IsControl(c)).Take(MaxManager)]);
        return name.Length == 0 ? "unknown" : name;
    }
}
