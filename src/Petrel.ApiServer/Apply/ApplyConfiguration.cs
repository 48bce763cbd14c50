using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Apply;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Apply;

/// <summary>
/// A server-side apply: the fields that one manager wants an object to have, and no others (PATCH with
/// <c>application/apply-patch+yaml</c>).
/// </summary>
internal sealed class ApplyConfiguration
{
    public const string MediaType = "application/apply-patch+yaml";

    private const string BeforeFirstApply = "before-first-apply";

    private readonly JsonObject _configuration;
    private readonly FieldManager _manager;
    private readonly bool _force;

    private ApplyConfiguration(JsonObject configuration, FieldManager manager, bool force) =>
        (_configuration, _manager, _force) = (configuration, manager, force);

    /// <summary>The fields that the manager sets, as sent.</summary>
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
        var document = Parse(request.Body.Span, call);
        var stated = new GroupVersionKind(Group(document.Text("apiVersion")), Version(document.Text("apiVersion")), document.Text("kind"));
        if (stated != kind)
        {
            throw StatusErrors.BadRequest($"invalid object type: {Named(stated)}");
        }
        if (document.Metadata()["managedFields"] is JsonArray)
        {
            throw StatusErrors.BadRequest("metadata.managedFields must be nil");
        }
        var problems = TypedValidation.Check(document, schema);
        if (problems.Count > 0)
        {
            throw Untyped(document, kind, TypedValidation.Message(problems));
        }
        if (document.Metadata().TryGetPropertyValue("creationTimestamp", out var created) && created is null)
        {
            // Many tools send it, but no manager can own it.
            document.Metadata().Remove("creationTimestamp");
        }
        return new(
            document,
            new FieldManager(call.FieldManager, true, kind.ApiVersion, call.Subresource),
            RequestInfo.IsTrue(request.QueryValue("force"))
        );
    }

    /// <summary>
    /// The same configuration of the workload behind a Scale, which sets its replicas only. Managers are recorded with the workload's
    /// version, as upstream does.
    /// </summary>
    public ApplyConfiguration OfWorkload(KindDefinition kind)
    {
        var workload = new JsonObject
        {
            ["apiVersion"] = kind.Gvk.ApiVersion,
            ["kind"] = kind.Gvk.Kind,
            ["metadata"] = new JsonObject(),
        };
        if (_configuration.Child("spec").Number("replicas") is { } replicas)
        {
            var path = kind.Scale!.Replicas;
            path.SkipLast(1).Aggregate(workload, static (parent, step) => parent.Ensure(step))[path[^1]] = replicas;
        }
        return new(workload, _manager with { ApiVersion = kind.Gvk.ApiVersion }, _force);
    }

    /// <summary>The object that the configuration creates, and its managers.</summary>
    public ApplyResult Create(KindRegistry kinds, DateTimeOffset now, KindDefinition kind)
    {
        var result = Run(kinds, now, kind, [], ManagedFields.None);
        return result with { Document = Conform(result.Document, kind) };
    }

    /// <summary>The object with the configuration applied, and its managers.</summary>
    /// <exception cref="StatusException">Others own fields that would change.</exception>
    public ApplyResult Apply(KindRegistry kinds, DateTimeOffset now, KindDefinition kind, JsonObject live)
    {
        var managers = ManagedFields.Read(live.Metadata()["managedFields"]);
        var bare = live.DeepClone().AsObject();
        bare.Metadata().Remove("managedFields");
        if (managers is null)
        {
            // Fields that no manager has recorded yet belong to a manager named for the time before the first apply.
            managers = FieldOwnership.Update(
                [],
                bare,
                ManagedFields.None,
                new FieldManager(BeforeFirstApply, false, kind.Gvk.ApiVersion, _manager.Subresource),
                OwnedKinds.Of(kind, kinds),
                OwnedKinds.ResetFields(kind, _manager.Subresource),
                ManagedFields.Timestamp(now)
            );
        }
        var result = Run(kinds, now, kind, bare, managers);
        return result with { Document = Conform(result.Document, kind) };
    }

    private ApplyResult Run(KindRegistry kinds, DateTimeOffset now, KindDefinition kind, JsonObject live, ManagedFields managers)
    {
        try
        {
            ApplyResult Attempt(bool force) =>
                FieldOwnership.Apply(
                    live,
                    _configuration,
                    managers,
                    _manager,
                    OwnedKinds.Of(kind, kinds),
                    OwnedKinds.ResetFields(kind, _manager.Subresource),
                    force,
                    ManagedFields.Timestamp(now)
                );

            var result = Attempt(_force);
            if (result.Conflicts.Count > 0 && _manager.Manager == LastApplied.Manager && LastApplied.Owned(live, kind) is { } own)
            {
                var others = result
                    .Conflicts.Select(c => c with { Fields = c.Fields.Difference(own) })
                    .Where(c => !c.Fields.IsEmpty)
                    .ToList();
                result = others.Count > 0 ? result with { Conflicts = others } : Attempt(force: true);
            }
            if (result.Conflicts.Count > 0)
            {
                throw Conflict(result.Conflicts);
            }
            if (_manager.Manager == LastApplied.Manager)
            {
                LastApplied.Update(result.Document, _configuration);
            }
            return result;
        }
        catch (ApplyException e)
        {
            throw Untyped(_configuration, kind.Gvk, e.Message);
        }
    }

    // Drop nulls, which have removed their fields, and bring values into their canonical form.
    private JsonObject Conform(JsonObject document, KindDefinition kind)
    {
        var conforming = DocumentConformance.Check(document, kind.Schema);
        return conforming.TypeErrors.Count == 0
            ? conforming.Document
            : throw Untyped(_configuration, kind.Gvk, string.Join(", ", conforming.TypeErrors));
    }

    // Most clients send JSON as YAML. Try the JSON parser first: it is much faster.
    private static JsonObject Parse(ReadOnlySpan<byte> body, WriteCall call)
    {
        JsonObject document;
        IReadOnlyList<string> problems;
        try
        {
            (document, problems) = DocumentParser.Parse(body);
        }
        catch (FormatException)
        {
            try
            {
                return YamlDocument.Parse(body);
            }
            catch (FormatException e)
            {
                throw StatusErrors.BadRequest($"error decoding YAML: {e.Message}");
            }
        }
        if (problems.Count > 0 && call.Validation == FieldValidation.Strict)
        {
            throw StatusErrors.BadRequest($"error strict decoding YAML: {string.Join(", ", problems)}");
        }
        call.BodyWarnings = call.Validation == FieldValidation.Warn ? problems : [];
        return document;
    }

    // Upstream answers with an error that has no reason: clients show its text only.
    private static StatusException Untyped(JsonObject configuration, GroupVersionKind kind, string why) =>
        new(
            500,
            "",
            $"failed to create typed patch object "
                + $"({configuration.Metadata().Text("namespace")}/{configuration.Metadata().Text("name")}; {Named(kind)}): {why}"
        );

    private static string Named(GroupVersionKind kind) => $"{kind.Group}/{kind.Version}, Kind={kind.Kind}";

    private static string Group(string apiVersion) =>
        apiVersion.Contains('/', StringComparison.Ordinal) ? apiVersion[..apiVersion.IndexOf('/', StringComparison.Ordinal)] : "";

    private static string Version(string apiVersion) => apiVersion[(apiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];

    private static StatusException Conflict(IEnumerable<FieldConflict> found)
    {
        var conflicts = found
            .OrderBy(c => c.Manager.Manager, StringComparer.Ordinal)
            .ThenBy(c => !c.Manager.Applies)
            .ThenBy(c => c.Manager.ApiVersion, StringComparer.Ordinal)
            .ThenBy(c => c.Manager.Subresource, StringComparer.Ordinal)
            .ToList();
        var all = conflicts.SelectMany(c => c.Fields.Paths().Select(path => (c.Manager, Path: path))).ToList();
        var causes = new JsonArray([
            .. all.Select(c => new JsonObject
            {
                ["reason"] = "FieldManagerConflict",
                ["message"] = $"conflict with {c.Manager}",
                ["field"] = c.Path,
            }),
        ]);
        var message =
            all.Count == 1
                ? $"Apply failed with 1 conflict: conflict with {all[0].Manager}: {all[0].Path}"
                : $"Apply failed with {all.Count} conflicts: "
                    + string.Join(
                        '\n',
                        conflicts.SelectMany(c => c.Fields.Paths().Select(p => $"- {p}").Prepend($"conflicts with {c.Manager}:"))
                    );
        return new StatusException(409, "Conflict", message, new JsonObject { ["causes"] = causes });
    }
}
