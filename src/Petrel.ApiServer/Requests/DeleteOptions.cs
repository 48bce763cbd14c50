using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Requests;

/// <summary>How to delete (meta/v1 DeleteOptions), from the body when there is one, else from the query.</summary>
internal sealed record DeleteOptions
{
    private static readonly GroupVersionKind OptionsKind = new("meta.k8s.io", "v1", "DeleteOptions");

    public long? GracePeriodSeconds { get; init; }

    /// <summary>Orphan, Background, Foreground, or null.</summary>
    public string? PropagationPolicy { get; init; }

    public bool? OrphanDependents { get; init; }
    public string? PreconditionUid { get; init; }
    public string? PreconditionResourceVersion { get; init; }
    public bool DryRun { get; init; }

    public static DeleteOptions Read(ApiRequest request)
    {
        if (request.Body.IsEmpty)
        {
            return FromQuery(request);
        }
        var (document, _) = BodyDecoder.Parse(request);
        return FromDocument(document);
    }

    public static DeleteOptions FromDocument(JsonObject document)
    {
        var kind = document.Text("kind");
        if (kind.Length > 0 && kind != "DeleteOptions")
        {
            throw StatusErrors.BadRequest($"{kind} in version \"{document.Text("apiVersion")}\" cannot be handled as a DeleteOptions");
        }
        var schema = KubernetesSchemas.ForKind(new GroupVersionKind("", "v1", "DeleteOptions"))!;
        var options = BodyDecoder.Conform(document, [], OptionsKind, schema, FieldValidation.Ignore).Document;
        var errors = new FieldErrors();
        var preconditions = options["preconditions"] as JsonObject;
        var result = new DeleteOptions
        {
            GracePeriodSeconds = (long?)options["gracePeriodSeconds"],
            PropagationPolicy = (string?)options["propagationPolicy"],
            OrphanDependents = (bool?)options["orphanDependents"],
            PreconditionUid = (string?)preconditions?["uid"],
            PreconditionResourceVersion = (string?)preconditions?["resourceVersion"],
            DryRun = WriteCall.ReadDryRun((options["dryRun"] as JsonArray)?.Select(v => (string)v!) ?? [], errors),
        };
        return result.Checked(errors);
    }

    private static DeleteOptions FromQuery(ApiRequest request)
    {
        var errors = new FieldErrors();
        long? grace = null;
        if (request.QueryValue("gracePeriodSeconds") is { Length: > 0 } text)
        {
            grace = long.TryParse(text, out var seconds)
                ? seconds
                : throw StatusErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
        }
        var result = new DeleteOptions
        {
            GracePeriodSeconds = grace,
            PropagationPolicy = request.QueryValue("propagationPolicy") is { Length: > 0 } policy ? policy : null,
            OrphanDependents = request.QueryValue("orphanDependents") is { Length: > 0 } orphan ? RequestInfo.IsTrue(orphan) : null,
            DryRun = WriteCall.ReadDryRun(request.Query.Where(q => q.Key == "dryRun").Select(q => q.Value), errors),
        };
        return result.Checked(errors);
    }

    private DeleteOptions Checked(FieldErrors errors)
    {
        if (OrphanDependents is not null && PropagationPolicy is not null)
        {
            errors.Invalid("propagationPolicy", PropagationPolicy, "orphanDependents and deletionPropagation cannot be both set");
        }
        if (PropagationPolicy is not (null or "Foreground" or "Background" or "Orphan"))
        {
            errors.NotSupported("propagationPolicy", PropagationPolicy, "Background", "Foreground", "Orphan");
        }
        if (errors.Any)
        {
            throw StatusErrors.Invalid(OptionsKind, "", errors.All);
        }
        // A negative period means the shortest graceful period, as upstream.
        return GracePeriodSeconds < 0 ? this with { GracePeriodSeconds = 1 } : this;
    }
}
