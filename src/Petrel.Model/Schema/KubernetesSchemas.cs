using System.Globalization;
using System.Reflection;
using System.Text;

namespace Petrel.Model.Schema;

/// <summary>
/// The structure of every built-in API type, read from a generated table (tools/schema/README.md). Loading only locates the types. The
/// fields of a type are parsed on first use.
/// </summary>
public static class KubernetesSchemas
{
    private const string MetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    private static readonly Lazy<Table> Loaded = new(Load);

    /// <summary>All types, sorted by name.</summary>
    public static IReadOnlyList<SchemaType> All => Loaded.Value.Types;

    /// <summary>All kinds with their types, sorted by group, version and kind.</summary>
    public static IReadOnlyList<KeyValuePair<GroupVersionKind, SchemaType>> Kinds => Loaded.Value.Kinds;

    /// <summary>
    /// The type of a kind, or null. The kinds that all groups share (DeleteOptions, Status, ...) are found in every group.
    /// </summary>
    public static SchemaType? ForKind(GroupVersionKind kind)
    {
        var table = Loaded.Value;
        return table.ByKind.TryGetValue(kind, out var type) ? type
            : table.ByKind.GetValueOrDefault(new GroupVersionKind("", "v1", kind.Kind)) is { } shared
            && shared.Name.StartsWith(MetaPrefix, StringComparison.Ordinal)
                ? shared
            : null;
    }

    /// <summary>The type with this OpenAPI name (<c>io.k8s.api.core.v1.PodSpec</c>), or null.</summary>
    public static SchemaType? ByName(string name) => Loaded.Value.ByName.GetValueOrDefault(name);

    private sealed record Table(
        IReadOnlyList<SchemaType> Types,
        Dictionary<string, SchemaType> ByName,
        IReadOnlyList<KeyValuePair<GroupVersionKind, SchemaType>> Kinds,
        Dictionary<GroupVersionKind, SchemaType> ByKind
    );

    private static Table Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("kubernetes-schema.tsv")
            ?? throw new InvalidOperationException("the assembly lacks its resource kubernetes-schema.tsv");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var text = Encoding.ASCII.GetString(bytes);
        var types = new List<SchemaType>(1024);
        var byName = new Dictionary<string, SchemaType>(1024, StringComparer.Ordinal);
        var kinds = new List<KeyValuePair<GroupVersionKind, SchemaType>>(512);
        var byKind = new Dictionary<GroupVersionKind, SchemaType>(512);
        for (var at = 0; at < text.Length; )
        {
            var end = text.IndexOf('\n', at);
            if (text[at] == 'T')
            {
                var body = end + 1;
                var type = new SchemaType(text[(at + 2)..end], _ => Fields(text, body), _ => Embeddings(text, body));
                types.Add(type);
                byName.Add(type.Name, type);
            }
            else if (text[at] == 'K')
            {
                var columns = text[at..end].Split('\t');
                var kind = new GroupVersionKind(columns[1], columns[2], columns[3]);
                kinds.Add(new(kind, byName[columns[4]]));
                byKind.Add(kind, byName[columns[4]]);
            }
            at = end + 1;
        }
        return new Table(types, byName, kinds, byKind);
    }

    private static List<SchemaField> Fields(string text, int start)
    {
        var fields = new List<SchemaField>();
        foreach (var columns in Lines(text, start))
        {
            if (columns[0] == "E")
            {
                // In protobuf, these fields are in the embedded message, which the decoder reads through Embedded.
                fields.AddRange(Named(columns[2]).Fields.Select(f => f with { Number = 0 }));
            }
            else
            {
                fields.Add(Field(columns));
            }
        }
        return fields;
    }

    private static List<SchemaEmbedding> Embeddings(string text, int start) =>
        [
            .. Lines(text, start)
                .Where(c => c[0] == "E")
                .Select(c => new SchemaEmbedding(int.Parse(c[1], CultureInfo.InvariantCulture), Named(c[2]))),
        ];

    private static SchemaField Field(string[] columns)
    {
        var flags = columns.Length > 4 ? columns[4] : "";
        var kind = Kind(columns[3]);
        return new SchemaField
        {
            Name = columns[1],
            Number = int.Parse(columns[2], CultureInfo.InvariantCulture),
            Kind = kind,
            Type = kind == FieldKind.Object ? Named(columns[3]) : null,
            IsList = flags.Contains('l'),
            IsMap = flags.Contains('m'),
            IsAtomicMap = kind == FieldKind.Json,
            IsWrapped = flags.Contains('w'),
            IsValue = flags.Contains('v'),
            Required = flags.Contains('r'),
            PatchMerge = flags.Contains('M'),
            PatchRetainKeys = flags.Contains('R'),
            ListKind =
                flags.Contains('K') ? ListKind.Map
                : flags.Contains('S') ? ListKind.Set
                : ListKind.Atomic,
            PatchMergeKey = columns.Length > 5 && columns[5].Length > 0 ? columns[5] : null,
            ListMapKeys = columns.Length > 6 ? columns[6].Split(',') : [],
        };
    }

    private static SchemaType Named(string name) =>
        ByName(name) ?? throw new InvalidOperationException($"the schema table refers to an unknown type {name}");

    private static FieldKind Kind(string code) =>
        code switch
        {
            "s" => FieldKind.String,
            "i" => FieldKind.Int32,
            "l" => FieldKind.Int64,
            "b" => FieldKind.Bool,
            "d" => FieldKind.Double,
            "y" => FieldKind.Bytes,
            "q" => FieldKind.Quantity,
            "p" => FieldKind.IntOrString,
            "t" => FieldKind.Time,
            "u" => FieldKind.MicroTime,
            "r" => FieldKind.Duration,
            "j" => FieldKind.Json,
            _ => FieldKind.Object,
        };

    private static IEnumerable<string[]> Lines(string text, int at)
    {
        while (at < text.Length && text[at] is ('F' or 'E'))
        {
            var end = text.IndexOf('\n', at);
            yield return text[at..end].Split('\t');
            at = end + 1;
        }
    }
}
