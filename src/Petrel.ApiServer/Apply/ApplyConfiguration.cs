using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Apply;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Apply;

/// <summary>
/// A server-side apply: the fields that one manager wants an object to have, and no others (PATCH with <c>application/apply-patch+yaml</c>).
/// </summary>
internal sealed class ApplyConfiguration
{
    public const string MediaType = "application/apply-patch+yaml";

    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private const string BeforeFirstApply = "before-first-apply";

    private readonly JsonObject _configuration;
    private readonly FieldManager _manager;
    private readonly bool _force;

    private ApplyConfiguration(JsonObject configuration, FieldManager manager, bool force) =>
        (_configuration, _manager, _force) = (configuration, manager, force);

    /// <summary>The object as the manager wants it: what an object that is not there is created from.</summary>
    public JsonObject Document => _configuration.DeepClone().AsObject();

    /// <exception cref="StatusException">The configuration is not an object of the kind, or lacks what an apply needs.</exception>
    public static ApplyConfiguration Read(ApiRequest request, GroupVersionKind kind, SchemaType schema, WriteCall call)
    {
        if (call.FieldManager.Length == 0)
        {
            var errors = new FieldErrors();
            errors.Required("fieldManager", "is required for apply patch");
            throw StatusErrors.Invalid(new GroupVersionKind("meta.k8s.io", "v1", "PatchOptions"), "", errors.All);
        }
        var document = Parse(request.Body.Span);
        var (apiVersion, name) = (document.Text("apiVersion"), document.Text("kind"));
        if (apiVersion.Length == 0 || name.Length == 0)
        {
            throw StatusErrors.BadRequest($"apply patches must state apiVersion and kind: expected {kind.ApiVersion} {kind.Kind}");
        }
        if (apiVersion != kind.ApiVersion || name != kind.Kind)
        {
            throw StatusErrors.BadRequest($"{name} in version \"{apiVersion}\" cannot be handled as a {kind.Kind} in version \"{kind.ApiVersion}\"");
        }
        if (document.Metadata().List("managedFields") is { Count: > 0 })
        {
            throw StatusErrors.BadRequest("metadata.managedFields must be nil");
        }
        var conforming = DocumentConformance.Check(document, schema);
        if (conforming.TypeErrors.Count > 0 || conforming.UnknownFields.Count > 0)
        {
            throw StatusErrors.BadRequest(
                $"failed to create typed patch object ({document.Metadata().Text("namespace")}/{document.Metadata().Text("name")}; {kind.ApiVersion}, Kind={kind.Kind}): "
                + string.Join(", ", conforming.TypeErrors.Concat(conforming.UnknownFields.Select(f => $"{f}: field not declared in schema"))));
        }
        conforming.Document["apiVersion"] = kind.ApiVersion;
        conforming.Document["kind"] = kind.Kind;
        return new(
            conforming.Document,
            new FieldManager(call.FieldManager, true, kind.ApiVersion, call.Subresource),
            RequestInfo.IsTrue(request.QueryValue("force")));
    }

    /// <summary>
    /// The same wish of a workload: a Scale has only one field of its own. Its version is the workload's, as upstream
    /// records it.
    /// </summary>
    public ApplyConfiguration OfWorkload(KindDefinition kind)
    {
        var workload = new JsonObject { ["apiVersion"] = kind.Gvk.ApiVersion, ["kind"] = kind.Gvk.Kind, ["metadata"] = new JsonObject() };
        if (_configuration.Child("spec").Number("replicas") is { } replicas)
        {
            var path = kind.Scale.Replicas;
            path.SkipLast(1).Aggregate(workload, static (parent, step) => parent.Ensure(step))[path[^1]] = replicas;
        }
        return new(workload, _manager with { ApiVersion = kind.Gvk.ApiVersion }, _force);
    }

    /// <summary>The managers of an object that the configuration creates.</summary>
    public ManagedFields OnCreate(SchemaType schema, TimeProvider time) => Run([], ManagedFields.None, schema, time).Managers;

    /// <summary>The object with the configuration applied, and its managers.</summary>
    /// <exception cref="StatusException">Others own fields that would change.</exception>
    public ApplyResult Apply(JsonObject live, SchemaType schema, TimeProvider time)
    {
        var managers = ManagedFields.Read(live.Metadata()["managedFields"]);
        if (managers is null)
        {
            // What is there already has come from somebody.
            var writer = new FieldManager(BeforeFirstApply, false, live.Text("apiVersion"));
            managers = FieldOwnership.Update([], live, ManagedFields.None, writer, schema, ManagedFields.Timestamp(time.GetUtcNow()));
        }
        var bare = live.DeepClone().AsObject();
        bare.Metadata().Remove("managedFields");
        var result = Run(bare, managers, schema, time);
        if (result.Conflicts.Count > 0)
        {
            throw Conflict(result.Conflicts);
        }
        UpdateLastApplied(result.Document);
        return result;
    }

    private ApplyResult Run(JsonObject live, ManagedFields managers, SchemaType schema, TimeProvider time)
    {
        try
        {
            return FieldOwnership.Apply(
                live, _configuration, managers, _manager, schema, ResetFields(), _force, Yields(live, schema), ManagedFields.Timestamp(time.GetUtcNow()));
        }
        catch (ApplyException e)
        {
            throw StatusErrors.BadRequest(
                $"failed to create typed patch object ({_configuration.Metadata().Text("namespace")}/{_configuration.Metadata().Text("name")}; "
                + $"{_manager.ApiVersion}, Kind={_configuration.Text("kind")}): {e.Message}");
        }
    }

    // Clients that say YAML mostly send JSON, which is YAML too, and much faster to read.
    private static JsonObject Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return DocumentParser.Parse(body).Document;
        }
        catch (FormatException)
        {
            // Not JSON: then YAML.
        }
        try
        {
            return YamlDocument.Parse(body);
        }
        catch (FormatException e)
        {
            throw StatusErrors.BadRequest($"error decoding YAML: {e.Message}");
        }
    }

    // The object's own path does not write its status, and the status path nothing else.
    private FieldSet ResetFields()
    {
        var set = new FieldSet();
        if (_manager.Subresource == "status")
        {
            foreach (var (name, _) in _configuration)
            {
                if (name is not ("status" or "metadata"))
                {
                    set.Add(PathElement.Field(name));
                }
            }
            set.Add(PathElement.Field("metadata"), PathElement.Field("labels"));
        }
        else if (_configuration.Has("spec") || _configuration.Has("status"))
        {
            set.Add(PathElement.Field("status"));
        }
        return set;
    }

    // kubectl's two ways of applying are one manager to people: what its client-side apply last set, its server-side apply may take over.
    private FieldSet? Yields(JsonObject live, SchemaType schema)
    {
        if (_manager.Manager != "kubectl" || live.Metadata().Child("annotations").Text(LastApplied) is not { Length: > 0 } text)
        {
            return null;
        }
        try
        {
            if (JsonNode.Parse(text) is not JsonObject applied)
            {
                return null;
            }
            var comparison = TypedFields.Compare(applied, live, schema);
            return TypedFields.SetOf(applied, schema).Difference(comparison.Changed).Difference(comparison.Removed);
        }
        catch (Exception e) when (e is JsonException or ApplyException)
        {
            // Somebody wrote the annotation by hand: it allows nothing.
            return null;
        }
    }

    // Whoever goes back to client-side apply finds what was applied last.
    private void UpdateLastApplied(JsonObject document)
    {
        if (_manager.Manager == "kubectl" && _manager.Subresource.Length == 0 && document.Metadata().Child("annotations") is { } annotations && annotations.Has(LastApplied))
        {
            annotations[LastApplied] = _configuration.ToJsonString() + "\n";
        }
    }

    private static StatusException Conflict(IReadOnlyList<FieldConflict> conflicts)
    {
        var all = conflicts.SelectMany(c => c.Fields.Paths().Select(path => (c.Manager, Path: path))).ToList();
        var causes = new JsonArray([.. all.Select(c => new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = $"conflict with {c.Manager}",
            ["field"] = c.Path,
        })]);
        var message = all.Count == 1
            ? $"Apply failed with 1 conflict: conflict with {all[0].Manager}: {all[0].Path}"
            : $"Apply failed with {all.Count} conflicts: " + string.Join('\n', conflicts.OrderBy(c => c.Manager.ToString(), StringComparer.Ordinal)
                .SelectMany(c => c.Fields.Paths().Select(p => $"- {p}").Prepend($"conflicts with {c.Manager}:")));
        return new StatusException(409, "Conflict", message, new JsonObject { ["causes"] = causes });
    }
}
