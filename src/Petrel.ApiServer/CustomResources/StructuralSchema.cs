using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>
/// A node of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps): what custom resources are validated, defaulted and pruned by.
/// </summary>
internal sealed class StructuralSchema
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    private StructuralSchema(JsonObject source)
    {
        Source = source;
        Type = source.Text("type");
        Format = source.Text("format");
        Properties = new SortedDictionary<string, StructuralSchema>(
            (source.Child("properties") ?? [])
                .Where(p => p.Value is JsonObject)
                .ToDictionary(p => p.Key, p => new StructuralSchema(p.Value!.AsObject())),
            StringComparer.Ordinal
        );
        AdditionalProperties = source.Child("additionalProperties") is { } additional ? new StructuralSchema(additional) : null;
        AllowsAdditional = source["additionalProperties"]?.GetValueKind() == JsonValueKind.True;
        Items = source.Child("items") is { } items ? new StructuralSchema(items) : null;
        Required = [.. source.Texts("required")];
        Nullable = source.Flag("nullable") == true;
        IsIntOrString = source.Flag("x-kubernetes-int-or-string") == true;
        PreservesUnknown = source.Flag("x-kubernetes-preserve-unknown-fields") == true;
        IsEmbedded = source.Flag("x-kubernetes-embedded-resource") == true;
        ListType = source.Text("x-kubernetes-list-type") is { Length: > 0 } list ? list : "atomic";
        ListMapKeys = [.. source.Texts("x-kubernetes-list-map-keys")];
        IsAtomicMap = source.Text("x-kubernetes-map-type") == "atomic";
        Default = source["default"];
        Enum = source.List("enum");
        Pattern = source.Text("pattern") is { Length: > 0 } pattern ? Compile(pattern) : null;
        AllOf = Nested("allOf");
        AnyOf = Nested("anyOf");
        OneOf = Nested("oneOf");
        Not = source.Child("not") is { } not ? new StructuralSchema(not) : null;
        HasDefaults =
            Default is not null
            || Properties.Values.Any(p => p.HasDefaults)
            || AdditionalProperties?.HasDefaults == true
            || Items?.HasDefaults == true;
    }

    public JsonObject Source { get; }

    /// <summary>object, array, string, integer, number, boolean, or empty.</summary>
    public string Type { get; }

    public string Format { get; }
    public SortedDictionary<string, StructuralSchema> Properties { get; }
    public StructuralSchema? AdditionalProperties { get; }
    public bool AllowsAdditional { get; }
    public StructuralSchema? Items { get; }
    public IReadOnlyList<string> Required { get; }
    public bool Nullable { get; }
    public bool IsIntOrString { get; }
    public bool PreservesUnknown { get; }

    /// <summary>A whole object of some kind: it has apiVersion, kind and metadata of its own.</summary>
    public bool IsEmbedded { get; }

    /// <summary>atomic, set or map.</summary>
    public string ListType { get; }

    public IReadOnlyList<string> ListMapKeys { get; }
    public bool IsAtomicMap { get; }
    public JsonNode? Default { get; }
    public JsonArray? Enum { get; }
    public Regex? Pattern { get; }
    public IReadOnlyList<StructuralSchema> AllOf { get; }
    public IReadOnlyList<StructuralSchema> AnyOf { get; }
    public IReadOnlyList<StructuralSchema> OneOf { get; }
    public StructuralSchema? Not { get; }

    /// <summary>Whether this node or one below has a default.</summary>
    public bool HasDefaults { get; }

    /// <exception cref="FormatException">A pattern is not a regular expression.</exception>
    public static StructuralSchema Parse(JsonObject source) => new(source);

    /// <summary>A regular expression of upstream's engine (RE2): without lookaround, in linear time.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FormatException(e.Message);
        }
    }

    private List<StructuralSchema> Nested(string name) => [.. Source.Objects(name).Select(s => new StructuralSchema(s))];
}
