namespace Petrel.Model.Schema;

/// <summary>The type of a field's value.</summary>
public enum FieldKind
{
    String,
    Int32,
    Int64,
    Bool,
    Double,

    /// <summary>Base64 text in JSON.</summary>
    Bytes,

    /// <summary>An object with its own schema.</summary>
    Object,

    /// <summary>A resource quantity: a string, or a number that is canonicalised to a string.</summary>
    Quantity,

    /// <summary>An integer or a string (ports, percentages).</summary>
    IntOrString,

    /// <summary>RFC 3339 with seconds.</summary>
    Time,

    /// <summary>RFC 3339 with microseconds.</summary>
    MicroTime,

    /// <summary>A Go duration such as <c>1h0m0s</c>.</summary>
    Duration,

    /// <summary>Any JSON value (RawExtension, FieldsV1, JSON).</summary>
    Json,
}

/// <summary>How a list merges (Kubernetes API conventions, <c>x-kubernetes-list-type</c>).</summary>
public enum ListKind
{
    Atomic,
    Set,
    Map,
}

/// <summary>One field of a <see cref="SchemaType"/>.</summary>
public sealed record SchemaField
{
    public required string Name { get; init; }

    /// <summary>The protobuf field number; 0 when none is known.</summary>
    public int Number { get; init; }

    public required FieldKind Kind { get; init; }

    /// <summary>The element's type when <see cref="Kind"/> is <see cref="FieldKind.Object"/>.</summary>
    public SchemaType? Type { get; init; }

    /// <summary>A JSON array of <see cref="Kind"/>.</summary>
    public bool IsList { get; init; }

    /// <summary>A JSON object with string keys and values of <see cref="Kind"/>.</summary>
    public bool IsMap { get; init; }

    /// <summary>Whether server-side apply writes the map, or the arbitrary JSON value, as a whole.</summary>
    public bool IsAtomicMap { get; init; }

    /// <summary>
    /// The value that the field has when it is absent and is a key of list items; null when the schema defines no default.
    /// </summary>
    public System.Text.Json.Nodes.JsonNode? Default { get; init; }

    /// <summary>Whether the list is a separate message in protobuf, with the items in field 1 (Go's named slices).</summary>
    public bool IsWrapped { get; init; }

    /// <summary>
    /// Whether the field is a plain value in upstream's Go types rather than a pointer. Its zero value then means the same as its absence.
    /// </summary>
    public bool IsValue { get; init; }

    public bool Required { get; init; }

    public ListKind ListKind { get; init; }

    /// <summary>The keys of a <see cref="ListKind.Map"/> list, for server-side apply.</summary>
    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary>The merge key of a list that strategic merge patch merges by key; null for other lists.</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>Whether strategic merge patch merges the list (with <see cref="PatchMergeKey"/>, or as a set of primitives).</summary>
    public bool PatchMerge { get; init; }

    /// <summary>Whether the patch strategy includes retainKeys (union types such as a Deployment's strategy and volumes).</summary>
    public bool PatchRetainKeys { get; init; }
}

/// <summary>
/// The structure of one API type, for validation, defaulting, protobuf decoding, OpenAPI and strategic merge patch. Types refer to each
/// other and may be recursive.
/// </summary>
public sealed class SchemaType(
    string name,
    Func<SchemaType, IReadOnlyList<SchemaField>> fields,
    Func<SchemaType, IReadOnlyList<SchemaEmbedding>>? embedded = null
)
{
    private static readonly HashSet<string> ConfidentialTypes = new(StringComparer.Ordinal)
    {
        "io.k8s.api.core.v1.Secret",
        "io.k8s.api.authentication.v1.TokenRequest",
        "io.k8s.api.authentication.v1.TokenReview",
    };

    private Dictionary<int, SchemaField>? _byNumber;
    private IReadOnlyList<SchemaEmbedding>? _embedded;

    // These are not frozen dictionaries, because building and compiling those costs more at startup than their lookups save.
    private Dictionary<string, SchemaField>? _byName;
    private IReadOnlyList<SchemaField>? _fields;

    /// <summary>Upstream's Go-style type name, for example <c>io.k8s.api.core.v1.PodSpec</c> (as in OpenAPI).</summary>
    public string Name { get; } = name;

    /// <summary>Whether values may have members that the type does not define.</summary>
    public bool PreservesUnknown { get; init; }

    /// <summary>
    /// Conforms a document to this type, for types whose rules differ from those of upstream's built-in types; null for all other types.
    /// </summary>
    public Func<System.Text.Json.Nodes.JsonObject, ConformanceResult>? Conform { get; init; }

    /// <summary>What messages show in place of a confidential value.</summary>
    public const string Redacted = "<secret contents redacted>";

    /// <summary>Whether messages must show no value of a document of this type: it holds passwords or tokens.</summary>
    public bool IsConfidential => ConfidentialTypes.Contains(Name);

    /// <summary>Whether server-side apply treats values of this type as a whole.</summary>
    public bool IsAtomic { get; init; }

    public IReadOnlyList<SchemaField> Fields => _fields ??= fields(this);

    /// <summary>
    /// The messages whose fields JSON inlines into this type. <see cref="Fields"/> contains these fields too, without numbers.
    /// </summary>
    public IReadOnlyList<SchemaEmbedding> Embedded => _embedded ??= embedded?.Invoke(this) ?? [];

    /// <summary>The field with this protobuf number, or null.</summary>
    public SchemaField? Field(int number)
    {
        _byNumber ??= Fields.Where(f => f.Number != 0).ToDictionary(f => f.Number);
        return _byNumber.GetValueOrDefault(number);
    }

    /// <summary>The field with this JSON name, or null.</summary>
    public SchemaField? Field(string fieldName)
    {
        _byName ??= Fields.ToDictionary(f => f.Name, StringComparer.Ordinal);
        return _byName.GetValueOrDefault(fieldName);
    }
}

/// <summary>
/// A message that JSON inlines into its parent, such as a Volume's source. In protobuf it is the field <paramref name="Number"/>.
/// </summary>
public sealed record SchemaEmbedding(int Number, SchemaType Type);
