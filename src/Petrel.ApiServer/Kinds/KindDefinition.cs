using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds;

/// <summary>
/// One row of the registry: everything that the server knows of a kind. Built-in kinds and custom resources go through the
/// same code, which reads only this (architecture decision 2).
/// </summary>
public sealed record KindDefinition
{
    public required GroupVersionKind Gvk { get; init; }

    /// <summary>The resource name in paths, for example <c>deployments</c>.</summary>
    public required string Plural { get; init; }

    public required string Singular { get; init; }
    public IReadOnlyList<string> ShortNames { get; init; } = [];
    public IReadOnlyList<string> Categories { get; init; } = [];
    public required bool Namespaced { get; init; }
    public required SchemaType Schema { get; init; }

    /// <summary>
    /// The version of the kind that is stored; null when it is this one. All versions share their storage and its watch cache.
    /// </summary>
    public KindDefinition? Storage { get; init; }

    /// <summary>
    /// A stored document as this version has it (it may change its argument); null where stored documents are shown as they are.
    /// </summary>
    public Func<JsonObject, JsonObject>? FromStorage { get; init; }

    /// <summary>A document of this version as it is stored (it may change its argument); null where it is stored as it is.</summary>
    public Func<JsonObject, JsonObject>? ToStorage { get; init; }

    /// <summary>Whether a CustomResourceDefinition defines the kind.</summary>
    public bool IsCustom { get; init; }

    /// <summary>The kind of its lists.</summary>
    public string ListKind { get; init; } = "";

    /// <summary>What clients of this version are warned of; empty when it is not deprecated.</summary>
    public string Deprecation { get; init; } = "";

    /// <summary>What OpenAPI says of the kind, for those whose schema is not upstream's; else null.</summary>
    public JsonObject? PublishedSchema { get; init; }

    /// <summary>Where the scale subresource finds its fields.</summary>
    public ScalePaths Scale { get; init; } = ScalePaths.Workload;

    /// <summary>
    /// Whether <c>status</c> is a subresource: then writes to the object leave its status alone, writes to the subresource change
    /// only status (and may not change metadata beyond what upstream allows), and a change outside metadata and status raises
    /// <c>metadata.generation</c>.
    /// </summary>
    public bool HasStatus { get; init; }

    /// <summary>Whether <c>metadata.generation</c> is kept (upstream: kinds with a spec that controllers observe).</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Whether a change of annotations raises <c>metadata.generation</c> too (upstream: Deployments).</summary>
    public bool AnnotationsRaiseGeneration { get; init; }

    /// <summary>The verbs that the resource itself answers, as discovery lists them.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    /// <summary>What is wrong with a name of this kind, in upstream's words, or null.</summary>
    public Func<string, string?> NameProblem { get; init; } = NameSyntax.SubdomainProblem;

    /// <summary>Subresources beyond <c>status</c>, as discovery lists them.</summary>
    public IReadOnlyList<SubresourceDefinition> Subresources { get; init; } = [];

    /// <summary>Fills in upstream's defaults. Runs on every write after decoding, and must be idempotent.</summary>
    public Action<JsonObject> Default { get; init; } = static _ => { };

    /// <summary>Runs on creation before validation: initial status, allocated values, fields a client may not set.</summary>
    public Action<JsonObject, WriteContext> PrepareForCreate { get; init; } = static (_, _) => { };

    /// <summary>Runs on update (new, old) before validation: carries over what a client may not change silently.</summary>
    public Action<JsonObject, JsonObject, WriteContext> PrepareForUpdate { get; init; } = static (_, _, _) => { };

    /// <summary>
    /// Checks (new, old or null on creation) and reports every problem, as upstream's validation does. Metadata is checked for all kinds
    /// alike (<see cref="MetadataValidation"/>).
    /// </summary>
    public Action<JsonObject, JsonObject?, FieldErrors> Validate { get; init; } = static (_, _, _) => { };

    /// <summary>
    /// How many seconds a deletion waits for a graceful end, given the object and the requested period (null: unstated);
    /// 0 means removed at once. Only pods differ from 0.
    /// </summary>
    public Func<JsonObject, long?, long> GracePeriodSeconds { get; init; } = static (_, _) => 0;

    /// <summary>The table columns of <c>kubectl get</c>, as upstream prints them. Age is not implied: list it.</summary>
    public IReadOnlyList<PrinterColumn> Columns { get; init; } = PrinterColumn.NameAndAge;

    /// <summary>Fields that field selectors may name, besides <c>metadata.name</c> and <c>metadata.namespace</c>.</summary>
    public FrozenDictionary<string, Func<JsonElement, string>> SelectableFields { get; init; } =
        FrozenDictionary<string, Func<JsonElement, string>>.Empty;

    private static readonly IReadOnlyList<string> AllVerbs =
    [
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];

    /// <summary>The store key prefix of the kind, <c>/registry/GROUP/PLURAL/</c>, with <c>core</c> for the core group.</summary>
    public string StorePrefix => field ??= Storage?.StorePrefix ?? $"/registry/{(Gvk.Group.Length == 0 ? "core" : Gvk.Group)}/{Plural}/";

    /// <summary>The store key of one object.</summary>
    public string StoreKey(ObjectKey key) => Namespaced ? $"{StorePrefix}{key.Namespace}/{key.Name}" : StorePrefix + key.Name;
}

/// <summary>What creation and update may need from outside the object.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Entropy">Ids and randomness.</param>
public sealed record WriteContext(TimeProvider Time, Model.Determinism.IEntropy Entropy);

/// <summary>The fields behind a Scale, as steps of a path from the document's root.</summary>
/// <param name="Replicas">The wanted replicas.</param>
/// <param name="StatusReplicas">The replicas that there are.</param>
/// <param name="Selector">The selector: an object, or its text; null when the kind has none.</param>
public sealed record ScalePaths(IReadOnlyList<string> Replicas, IReadOnlyList<string> StatusReplicas, IReadOnlyList<string>? Selector)
{
    /// <summary>Where all built-in workloads have them.</summary>
    public static ScalePaths Workload { get; } = new(["spec", "replicas"], ["status", "replicas"], ["spec", "selector"]);
}

/// <summary>A subresource as discovery describes it, for example <c>scale</c> with kind autoscaling/v1 Scale.</summary>
public sealed record SubresourceDefinition(string Name, GroupVersionKind Kind, IReadOnlyList<string> Verbs)
{
    /// <summary>The structure of its kind, where that is not one of upstream's.</summary>
    public SchemaType? Schema { get; init; }
}

/// <summary>One table column (meta/v1 TableColumnDefinition).</summary>
/// <param name="Name">Heading, for example <c>Ready</c>.</param>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</param>
/// <param name="Format">OpenAPI format, or empty; <c>name</c> marks the primary identifier.</param>
/// <param name="Description">Shown by clients as help.</param>
/// <param name="Priority">0 always shown; above 0 only with <c>-o wide</c>.</param>
/// <param name="Value">The cell of an object at a time: a string, a number, a bool, or null. Ages are text such as <c>5m</c>.</param>
public sealed record PrinterColumn(
    string Name,
    string Type,
    string Format,
    string Description,
    int Priority,
    Func<JsonElement, DateTimeOffset, object?> Value
)
{
    /// <summary>What kinds without columns of their own show.</summary>
    public static IReadOnlyList<PrinterColumn> NameAndAge { get; } =
    [
        new("Name", "string", "name", "The object's name, unique in its namespace.", 0, static (value, _) =>
            value.GetProperty("metadata").GetProperty("name").GetString()
        ),
        new("Created At", "date", "", "When the object was created.", 0, static (value, _) =>
            value.GetProperty("metadata").TryGetProperty("creationTimestamp", out var at) ? at.GetString() : null
        ),
    ];
}
