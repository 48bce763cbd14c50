using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds;

/// <summary>
/// One row of the registry: everything that the server knows of a kind. Built-in kinds and custom resources go through the
/// same code, which reads only this (docs/architecture.md, "The API server").
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

    /// <summary>The warning for clients of a deprecated version; empty when it is not deprecated.</summary>
    public string Deprecation { get; init; } = "";

    /// <summary>The OpenAPI schema of a custom kind; null for others.</summary>
    public JsonObject? PublishedSchema { get; init; }

    /// <summary>Where the scale subresource finds its fields; null for kinds without that subresource.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>
    /// Whether <c>status</c> is a subresource: then writes to the object leave its status alone, writes to the subresource change
    /// only status (and may not change metadata beyond what upstream allows), and a change outside metadata and status raises
    /// <c>metadata.generation</c>.
    /// </summary>
    public bool HasStatus { get; init; }

    /// <summary>
    /// Whether a write of the status may change labels, finalizers and owners too, and not only annotations (upstream:
    /// CertificateSigningRequests).
    /// </summary>
    public bool StatusWritesMetadata { get; init; }

    /// <summary>Whether <c>metadata.generation</c> is kept (upstream: kinds with a spec that controllers observe).</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Whether a change of annotations raises <c>metadata.generation</c> too (upstream: Deployments).</summary>
    public bool AnnotationsRaiseGeneration { get; init; }

    /// <summary>The verbs that the resource itself answers, as discovery lists them.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    /// <summary>The problem with a name of this kind, in upstream's words, or null.</summary>
    public Func<string, string?> NameProblem { get; init; } = NameSyntax.SubdomainProblem;

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
    /// What to warn the client about (new, old or null on creation) when the object is valid and probably not what was meant (upstream:
    /// WarningsOnCreate, WarningsOnUpdate).
    /// </summary>
    public Func<JsonObject, JsonObject?, IEnumerable<string>> Warnings { get; init; } = static (_, _) => [];

    /// <summary>
    /// Whether <see cref="Default"/> and <see cref="Validate"/> look at nothing but <c>spec</c>: then a write that leaves the spec as it is
    /// (a pod's status, an annotation) needs neither.
    /// </summary>
    public bool ChecksOnlySpec { get; init; }

    /// <summary>
    /// How many seconds a deletion waits for a graceful end, given the object and the requested period (null: unstated);
    /// 0 means removed at once. Only pods differ from 0.
    /// </summary>
    public Func<JsonObject, long?, long> GracePeriodSeconds { get; init; } = static (_, _) => 0;

    /// <summary>
    /// Whether something besides <c>metadata.finalizers</c> keeps an object that is being deleted (upstream: the finalizers of a
    /// namespace's spec).
    /// </summary>
    public Func<JsonObject, bool> IsHeld { get; init; } = static _ => false;

    /// <summary>Runs when a deletion begins: marks the object so that controllers clean up what belongs to it.</summary>
    public Action<JsonObject> OnDeletionStart { get; init; } = static _ => { };

    /// <summary>Whether DELETE answers with the last state of the object; otherwise it answers with a Status.</summary>
    public bool DeletionReturnsObject { get; init; }

    /// <summary>Whether PUT creates an object that does not exist (upstream: AllowCreateOnUpdate).</summary>
    public bool IsCreatedByUpdate { get; init; }

    /// <summary>Gives objects values that no two objects may share, such as cluster addresses; null for most kinds.</summary>
    public IAllocator? Allocator { get; init; }

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

    /// <summary>
    /// A row with what follows from the names alone. Kinds that are not upstream's bring their <paramref name="schema"/>.
    /// </summary>
    internal static KindDefinition Create(
        string group,
        string version,
        string kind,
        string plural,
        bool namespaced,
        SchemaType? schema = null
    )
    {
        var gvk = new GroupVersionKind(group, version, kind);
        return new KindDefinition
        {
            Gvk = gvk,
            Plural = plural,
            Singular = kind.ToLowerInvariant(),
            Namespaced = namespaced,
            Schema = schema ?? KubernetesSchemas.ForKind(gvk) ?? throw new InvalidOperationException($"there is no schema for {gvk}"),
        };
    }

    /// <summary>The store key prefix of the kind, <c>/registry/GROUP/PLURAL/</c>, with <c>core</c> for the core group.</summary>
    public string StorePrefix => field ??= Storage?.StorePrefix ?? $"/registry/{(Gvk.Group.Length == 0 ? "core" : Gvk.Group)}/{Plural}/";

    /// <summary>The store key of one object.</summary>
    public string StoreKey(ObjectKey key) => Namespaced ? $"{StorePrefix}{key.Namespace}/{key.Name}" : StorePrefix + key.Name;
}
