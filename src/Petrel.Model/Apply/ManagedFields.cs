using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Apply;

/// <summary>The identity of a field manager, and how it wrote its fields (meta/v1 ManagedFieldsEntry without its fields).</summary>
/// <param name="Manager">The field manager's name.</param>
/// <param name="Applies">Whether it applies (<c>Apply</c>) or updates (<c>Update</c>).</param>
/// <param name="ApiVersion">The API version in which it wrote.</param>
/// <param name="Subresource">The subresource that it wrote through, or empty.</param>
public sealed record FieldManager(string Manager, bool Applies, string ApiVersion, string Subresource = "")
{
    /// <summary>Whether both identify the same manager. The API version does not distinguish managers that apply.</summary>
    public bool IsSame(FieldManager other) =>
        Manager == other.Manager
        && Applies == other.Applies
        && Subresource == other.Subresource
        && (Applies || ApiVersion == other.ApiVersion);

    /// <summary>The manager in the form that conflict messages use.</summary>
    public override string ToString()
    {
        var name = $"\"{Manager}\"";
        if (Subresource.Length > 0)
        {
            name += $" with subresource \"{Subresource}\"";
        }
        return Applies ? name : $"{name} using {ApiVersion}";
    }
}

/// <summary>One manager's fields, and when they last changed (RFC 3339).</summary>
public sealed record ManagedEntry(FieldManager Manager, string Time, FieldSet Fields)
{
    /// <summary>
    /// <see cref="Fields"/> in the form in which it was read, so that it need not be serialized again; null when it has changed.
    /// </summary>
    internal JsonNode? Written { get; init; }
}

/// <summary>The managers of an object and their fields: <c>metadata.managedFields</c>.</summary>
public sealed class ManagedFields
{
    private const string FieldsType = "FieldsV1";

    private readonly List<ManagedEntry> _entries;

    private ManagedFields(List<ManagedEntry> entries) => _entries = entries;

    public static ManagedFields None => new([]);

    public IReadOnlyList<ManagedEntry> Entries => _entries;

    /// <summary>Whether a client asks to remove all managers, by an empty list or by a list of one empty entry.</summary>
    public static bool IsReset(JsonNode? list) =>
        list is JsonArray items && (items.Count == 0 || (items.Count == 1 && items[0] is JsonObject { Count: 0 }));

    /// <summary>Reads <c>metadata.managedFields</c>; null when it is absent, empty or malformed.</summary>
    public static ManagedFields? Read(JsonNode? list)
    {
        if (list is not JsonArray { Count: > 0 } items)
        {
            return null;
        }
        try
        {
            var entries = new List<ManagedEntry>(items.Count);
            foreach (var item in items)
            {
                var entry = item as JsonObject ?? throw new FormatException("an entry of managedFields must be an object");
                string Text(string name) => entry[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
                if (Text("operation") is not ("Apply" or "Update") || Text("fieldsType") != FieldsType || Text("apiVersion").Length == 0)
                {
                    return null;
                }
                var manager = new FieldManager(Text("manager"), Text("operation") == "Apply", Text("apiVersion"), Text("subresource"));
                var fields = entry["fieldsV1"] ?? new JsonObject();
                entries.Add(new(manager, Text("time"), FieldSet.ParseShared(fields)) { Written = fields });
            }
            return new(entries);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public FieldSet FieldsOf(FieldManager manager) => _entries.Find(e => e.Manager.IsSame(manager))?.Fields ?? new FieldSet();

    /// <summary>Replaces the fields and the time of a manager's entry. An empty set of fields removes the entry.</summary>
    public ManagedFields With(FieldManager manager, FieldSet fields, string time)
    {
        var entries = _entries.FindAll(e => !e.Manager.IsSame(manager));
        if (!fields.IsEmpty)
        {
            var before = _entries.Find(e => ReferenceEquals(e.Fields, fields));
            entries.Add(new(manager, time, fields) { Written = before?.Written });
        }
        return new(entries);
    }

    /// <summary>
    /// Replaces the fields of each manager, and removes managers that are left without fields. The times stay, because these managers did
    /// not make the change.
    /// </summary>
    public ManagedFields Select(Func<ManagedEntry, FieldSet> fields)
    {
        var entries = new List<ManagedEntry>(_entries.Count);
        foreach (var entry in _entries)
        {
            var left = fields(entry);
            if (!left.IsEmpty)
            {
                entries.Add(ReferenceEquals(left, entry.Fields) ? entry : entry with { Fields = left, Written = null });
            }
        }
        return new(entries);
    }

    /// <summary>Whether both have the same managers with the same fields, regardless of the times.</summary>
    public bool EqualsButForTimes(ManagedFields other) =>
        _entries.Count == other._entries.Count
        && _entries.TrueForAll(e => other._entries.Exists(o => o.Manager == e.Manager && o.Fields.SetEquals(e.Fields)));

    /// <summary>
    /// Limits the number of managers that update (not apply): the oldest entries of each API version are merged into one (upstream:
    /// CapManagers). An old entry that is alone in its API version stays unchanged.
    /// </summary>
    public ManagedFields Capped(int most)
    {
        const string ancient = "ancient-changes";
        var updaters = _entries.FindAll(e => !e.Manager.Applies);
        if (updaters.Count <= most)
        {
            return this;
        }
        updaters.Sort(
            static (a, b) =>
            {
                var order = string.CompareOrdinal(a.Time, b.Time);
                order = order != 0 ? order : string.CompareOrdinal(a.Manager.Manager, b.Manager.Manager);
                order = order != 0 ? order : string.CompareOrdinal(a.Manager.ApiVersion, b.Manager.ApiVersion);
                return order != 0 ? order : string.CompareOrdinal(a.Manager.Subresource, b.Manager.Subresource);
            }
        );
        var result = this;
        var firsts = new Dictionary<string, ManagedEntry>(StringComparer.Ordinal);
        var count = updaters.Count;
        foreach (var entry in updaters)
        {
            if (count <= most)
            {
                break;
            }
            if (firsts.TryAdd(entry.Manager.ApiVersion, entry))
            {
                continue;
            }
            var bucket = new FieldManager(ancient, false, entry.Manager.ApiVersion);
            var first = firsts[entry.Manager.ApiVersion];
            var gathered = result.FieldsOf(bucket);
            if (gathered.IsEmpty)
            {
                gathered = first.Fields;
                result = result.Forget(first.Manager);
            }
            result = result.Forget(entry.Manager).With(bucket, gathered.Union(entry.Fields), entry.Time);
            count--;
        }
        return result;
    }

    private ManagedFields Forget(FieldManager manager) => new(_entries.FindAll(e => !e.Manager.IsSame(manager)));

    /// <summary>
    /// The value of <c>metadata.managedFields</c>: appliers first, then sorted by time and name; null when there are no managers.
    /// </summary>
    public JsonArray? ToJson()
    {
        if (_entries.Count == 0)
        {
            return null;
        }
        var list = new JsonArray();
        foreach (var entry in InOrder())
        {
            var item = Entry(entry.Manager, entry.Time, entry.Written?.DeepClone() ?? entry.Fields.ToJson());
            list.Add((JsonNode)item);
        }
        return list;
    }

    // Sorted by insertion: there are few, mostly in order, and equal ones must keep theirs.
    private List<ManagedEntry> InOrder()
    {
        var sorted = new List<ManagedEntry>(_entries.Count);
        foreach (var entry in _entries)
        {
            var at = sorted.Count;
            while (at > 0 && Compare(sorted[at - 1], entry) > 0)
            {
                at--;
            }
            sorted.Insert(at, entry);
        }
        return sorted;
    }

    private static int Compare(ManagedEntry left, ManagedEntry right)
    {
        var order = right.Manager.Applies.CompareTo(left.Manager.Applies);
        order = order != 0 ? order : string.CompareOrdinal(left.Time, right.Time);
        order = order != 0 ? order : string.CompareOrdinal(left.Manager.Manager, right.Manager.Manager);
        order = order != 0 ? order : string.CompareOrdinal(left.Manager.ApiVersion, right.Manager.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(left.Manager.Subresource, right.Manager.Subresource);
    }

    /// <summary>
    /// The value of <c>metadata.managedFields</c> for a single manager, whose fields are given as FieldsV1 text; null when it owns no
    /// fields.
    /// </summary>
    public static JsonArray? Alone(FieldManager manager, string time, string fieldsV1) =>
        fieldsV1 == "{}" ? null : new JsonArray(Entry(manager, time, NodeOf(fieldsV1)));

    private static JsonObject NodeOf(string fieldsV1)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(fieldsV1.Length));
        var node = FieldSetCache.ToNode(bytes.AsSpan(0, Encoding.UTF8.GetBytes(fieldsV1, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
        return node;
    }

    private static JsonObject Entry(FieldManager manager, string time, JsonNode fieldsV1)
    {
        var item = new JsonObject
        {
            ["manager"] = manager.Manager,
            ["operation"] = manager.Applies ? "Apply" : "Update",
            ["apiVersion"] = manager.ApiVersion,
        };
        if (time.Length > 0)
        {
            item["time"] = time;
        }
        item["fieldsType"] = FieldsType;
        item["fieldsV1"] = fieldsV1;
        if (manager.Subresource.Length > 0)
        {
            item["subresource"] = manager.Subresource;
        }
        return item;
    }

    /// <summary>Formats a time for a managedFields entry.</summary>
    public static string Timestamp(DateTimeOffset time) => time.ToTimestamp();
}
