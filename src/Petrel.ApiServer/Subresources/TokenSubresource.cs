using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// POST of <c>serviceaccounts/NAME/token</c> (authentication.k8s.io/v1 TokenRequest): a token of the account, for a time, and bound to an
/// object when asked so.
/// </summary>
internal sealed class TokenSubresource(
    ApiServerOptions options,
    TimeProvider time,
    ServiceAccountTokens? tokens,
    TokenBoundObjects objects,
    AdmissionChain admission
) : IResourceHandler
{
    private static readonly GroupVersionKind RequestKind = new("authentication.k8s.io", "v1", "TokenRequest");

    public static SubresourceDefinition Definition { get; } =
        new("token", ["create"]) { BelongsTo = static kind => ReferenceEquals(kind, ServiceAccountKind.Definition), Kind = RequestKind };

    private const long DefaultSeconds = 3600;
    private const long LeastSeconds = 600;
    private const long MostSeconds = 1L << 32;

    // Tokens of the default token volume, which asks for just this many seconds, are valid for a year, so that pods which never reload
    // them keep working.
    private const long VolumeSeconds = 3607;
    private const long ExtendedSeconds = 365L * 24 * 60 * 60;

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var issuer = tokens ?? throw StatusErrors.NoSuchResource();
        var call = WriteCall.Read(request.Http, "CreateOptions", "token");
        var body = BodyDecoder.Decode(request.Http, RequestKind, KubernetesSchemas.ForKind(RequestKind)!);
        call.BodyWarnings = body.Warnings;
        var wanted = body.Document;
        var key = request.Key;
        var account = await objects.FindAsync("serviceaccounts", key, cancellationToken)
            ?? throw StatusErrors.NotFound(request.Kind, key.Name);
        CheckName(wanted, key);
        var spec = Fill(wanted, key);
        Validate(spec);
        var admitted = new AdmissionRequest
        {
            Kind = request.Kind,
            Key = key,
            Operation = AdmissionOperation.Create,
            Call = call,
            Object = wanted,
        };
        await admission.AdmitAsync(admitted, cancellationToken);
        await admission.ValidateAsync(admitted, cancellationToken);

        spec = wanted.Ensure("spec");
        var token = await BindAsync(
            spec,
            new(
                key,
                account.Child("metadata").Text("uid"),
                [.. spec.Texts("audiences")],
                spec.Number("expirationSeconds") ?? DefaultSeconds
            ),
            cancellationToken
        );
        var (now, shown) = (time.GetUtcNow(), token.Seconds);
        if (token is { Pod: not null, Seconds: VolumeSeconds } && !token.Audiences.Except(options.ApiAudiences).Any())
        {
            token = token with { Seconds = ExtendedSeconds, WarnAfterSeconds = VolumeSeconds };
        }
        wanted["status"] = new JsonObject
        {
            ["token"] = call.DryRun ? "" : issuer.Issue(token),
            ["expirationTimestamp"] = now.AddSeconds(shown).ToTimestamp(),
        };
        return new ApiResponse
        {
            StatusCode = 201,
            Headers = ObjectResponses.Warnings(call.Warnings),
            Body = JsonBytes.Of(wanted),
        };
    }

    private static void CheckName(JsonObject wanted, ObjectKey key)
    {
        var errors = new FieldErrors();
        var metadata = wanted.Metadata();
        if (metadata.Text("name") is { Length: > 0 } name && name != key.Name)
        {
            errors.Invalid("metadata.name", name, "must match the service account name if specified");
        }
        if (metadata.Text("namespace") is { Length: > 0 } space && space != key.Namespace)
        {
            errors.Invalid("metadata.namespace", space, "must match the service account namespace if specified");
        }
        ThrowIfAny(errors);
    }

    private JsonObject Fill(JsonObject wanted, ObjectKey key)
    {
        var metadata = wanted.Metadata();
        metadata["name"] = key.Name;
        metadata["namespace"] = key.Namespace;
        metadata["creationTimestamp"] = time.GetUtcNow().ToTimestamp();
        wanted.Remove("status");
        var spec = wanted.Ensure("spec");
        if (!spec.Texts("audiences").Any())
        {
            spec["audiences"] = new JsonArray([.. options.ApiAudiences.Select(a => (JsonNode)a)]);
        }
        if (spec.Number("expirationSeconds") is null)
        {
            spec["expirationSeconds"] = DefaultSeconds;
        }
        return spec;
    }

    private static void Validate(JsonObject spec)
    {
        var errors = new FieldErrors();
        var seconds = spec.Number("expirationSeconds") ?? 0;
        if (seconds < LeastSeconds)
        {
            errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        }
        if (seconds > MostSeconds)
        {
            errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        }
        ThrowIfAny(errors);
    }

    private static void ThrowIfAny(FieldErrors errors)
    {
        if (errors.Any)
        {
            throw StatusErrors.Invalid(RequestKind, "", errors.All);
        }
    }

    private async ValueTask<BoundToken> BindAsync(JsonObject spec, BoundToken token, CancellationToken cancellationToken)
    {
        if (spec.Child("boundObjectRef") is not { } reference)
        {
            return token;
        }
        var (version, kind, name) = (reference.Text("apiVersion"), reference.Text("kind"), reference.Text("name"));
        var plural =
            version == "v1"
                ? kind switch
                {
                    "Pod" => "pods",
                    "Secret" => "secrets",
                    "Node" => "nodes",
                    _ => "",
                }
                : "";
        if (plural.Length == 0)
        {
            throw StatusErrors.BadRequest($"cannot bind token to object of type {Described(version, kind)}");
        }
        var bound = await objects.FindAsync(plural, new(kind == "Node" ? "" : token.Account.Namespace, name), cancellationToken)
            ?? throw StatusErrors.NotFound("", plural, name);
        var uid = bound.Metadata().Text("uid");
        if (kind == "Pod" && bound.Child("spec").Text("serviceAccountName") != token.Account.Name)
        {
            throw StatusErrors.BadRequest(
                $"cannot bind token for serviceaccount \"{token.Account.Name}\" to pod running with different serviceaccount name."
            );
        }
        if (reference.Text("uid") is { Length: > 0 } asked && asked != uid)
        {
            throw StatusErrors.Conflict(
                "",
                kind,
                name,
                $"the UID in the bound object reference ({asked}) does not match the UID in record. The object might have been "
                    + $"deleted and then recreated"
            );
        }
        var itself = new BoundObject(name, uid);
        return kind switch
        {
            "Pod" => token with { Pod = itself, Node = await NodeOfAsync(bound, cancellationToken) },
            "Secret" => token with { Secret = itself },
            _ => token with { Node = itself },
        };
    }

    // The token also names the pod's node, without the uid if the node is deleted.
    private async ValueTask<BoundObject?> NodeOfAsync(JsonObject pod, CancellationToken cancellationToken)
    {
        var name = pod.Child("spec").Text("nodeName");
        return name.Length == 0
            ? null
            : new(name, (await objects.FindAsync("nodes", new("", name), cancellationToken)).Child("metadata").Text("uid"));
    }

    private static string Described(string apiVersion, string kind)
    {
        var type = GroupVersionKind.From(apiVersion, kind);
        return $"{type.Group}/{type.Version}, Kind={type.Kind}";
    }
}
