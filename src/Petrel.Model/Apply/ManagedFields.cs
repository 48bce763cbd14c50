using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Apply;

/// <summary>Who owns fields, and how it came to own them (meta/v1 ManagedFieldsEntry without its fields).</summary>
/// <param name="Manager">The field manager's name.</param>
/// <param name="Applies">Whether it applies (<c>Apply</c>) or writes (<c>Update</c>).</param>
/// <param name="ApiVersion">The version that it wrote in.</param>
/// <param name="Subresource">The subresource that it wrote through, or empty.</param>
public sealed record FieldManager(string Manager, bool Applies, string ApiVersion, string Subresource = "")
{
    /// <summary>Whether both mean the same manager: one that applies is the same in every version.</summary>
    public bool IsSame(FieldManager other) =>
        Manager == other.Manager
        && Applies == other.Applies
        && Subresource == other.Subresource
        && (Applies || ApiVersion == other.ApiVersion);

    /// <summary>As conflicts name it.</summary>
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
    /// <summary><see cref="Fields"/> as it was read, which spares writing it again; null when it has changed.</summary>
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

    /// <summary>Whether a client asks to forget all managers: by an empty list, or one of an empty entry.</summary>
    public static bool IsReset(JsonNode? list) =>
        list is JsonArray items && (items.Count == 0 || (items.Count == 1 && items[0] is JsonObject { Count: 0 }));

    /// <summary>Reads <c>metadata.managedFields</c>; null when there is none or it is not in order.</summary>
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
                entries.Add(new(manager, Text("time"), FieldSet.Parse(fields)) { Written = fields });
            }
            return new(entries);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public FieldSet FieldsOf(FieldManager manager) => _entries.Find(e => e.Manager.IsSame(manager))?.Fields ?? new FieldSet();

    /// <summary>Gives a manager these fields and no others, at a time.</summary>
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
    /// The same with other fields for each manager; those without any are forgotten. Their times stay: it is not they who changed
    /// something.
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

    /// <summary>Whether both say the same, whenever it was.</summary>
    public bool EqualsButForTimes(ManagedFields other) =>
        _entries.Count == other._entries.Count
        && _entries.TrueForAll(e => other._entries.Exists(o => o.Manager == e.Manager && o.Fields.SetEquals(e.Fields)));

    /// <summary>
    /// At most so many managers that write: the oldest of one version become one (upstream: CapManagers). A version's oldest alone is left
    /// as it is.
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

    /// <summary>As <c>metadata.managedFields</c>: appliers first, then by time and name; null when nobody owns anything.</summary>
    public JsonArray? ToJson()
    {
        if (_entries.Count == 0)
        {
            return null;
        }
        var list = new JsonArray();
        foreach (
            var entry in _entries
                .OrderBy(e => !e.Manager.Applies)
                .ThenBy(e => e.Time, StringComparer.Ordinal)
                .ThenBy(e => e.Manager.Manager, StringComparer.Ordinal)
                .ThenBy(e => e.Manager.ApiVersion, StringComparer.Ordinal)
                .ThenBy(e => e.Manager.Subresource, StringComparer.Ordinal)
        )
        {
            var item = Entry(entry.Manager, entry.Time, entry.Written?.DeepClone() ?? entry.Fields.ToJson());
            list.Add((JsonNode)item);
        }
        return list;
    }

    /// <summary>One manager and its fields in their written form, as <c>metadata.managedFields</c>; null when it has none.</summary>
    public static JsonArray? Alone(FieldManager manager, string time, string fieldsV1) =>
        fieldsV1 == "{}" ? null : new JsonArray(Entry(manager, time, DeepJson.Node(Encoding.UTF8.GetBytes(fieldsV1))!));

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

    /// <summary>A time as entries have it.</summary>
    public static string Timestamp(DateTimeOffset time) => time.ToTimestamp();
}
