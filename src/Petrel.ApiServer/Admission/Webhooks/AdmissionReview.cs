using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>The response of a webhook that allows the request.</summary>
/// <param name="Patch">The patch, or null.</param>
/// <param name="Warnings">Warnings for the client.</param>
/// <param name="AuditAnnotations">Audit annotations.</param>
internal sealed record WebhookResponse(
    JsonArray? Patch,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<KeyValuePair<string, string>> AuditAnnotations
);

/// <summary>A call failed or its response is invalid. The failure policy decides what that means for the request.</summary>
internal sealed class WebhookFailure(string why, Exception? inner = null) : Exception(why, inner);

/// <summary>The AdmissionReview of requests to webhooks and of their responses (admission.k8s.io, v1 and v1beta1).</summary>
internal static class AdmissionReview
{
    /// <summary>The request to a webhook.</summary>
    /// <param name="Invocation">The webhook, and the kind in which it sees the object.</param>
    /// <param name="Subject">The request.</param>
    /// <param name="Name">The object's name, or empty.</param>
    /// <param name="User">The requesting user.</param>
    /// <param name="DryRun">Whether the request is a dry run.</param>
    /// <param name="Options">CreateOptions, UpdateOptions or DeleteOptions.</param>
    public sealed record Question(
        WebhookInvocation Invocation,
        WebhookSubject Subject,
        string Name,
        UserInfo User,
        bool DryRun,
        JsonObject? Options
    );

    public static JsonObject Ask(Question question, string uid)
    {
        var (invocation, subject) = (question.Invocation, question.Subject);
        var request = new JsonObject
        {
            ["uid"] = uid,
            ["kind"] = KindOf(subject, invocation.Kind),
            ["resource"] = ResourceOf(invocation.Kind),
        };
        Add(request, "subResource", subject.Subresource);
        request["requestKind"] = KindOf(subject, subject.Kind);
        request["requestResource"] = ResourceOf(subject.Kind);
        Add(request, "requestSubResource", subject.Subresource);
        Add(request, "name", question.Name);
        Add(request, "namespace", subject.IsNamespace && subject.Namespace.Length == 0 ? question.Name : subject.Namespace);
        request["operation"] = subject.Operation;
        request["userInfo"] = UserDocuments.Of(question.User);
        request["object"] = As(subject, subject.Object, invocation.Kind);
        request["oldObject"] = As(subject, subject.Old, invocation.Kind);
        request["dryRun"] = question.DryRun;
        request["options"] = question.Options?.DeepClone();
        return new JsonObject
        {
            ["kind"] = "AdmissionReview",
            ["apiVersion"] = $"admission.k8s.io/{invocation.Webhook.ReviewVersion}",
            ["request"] = request,
        };
    }

    /// <summary>Reads the response.</summary>
    /// <exception cref="WebhookFailure">It is not a response to this request.</exception>
    /// <exception cref="StatusException">The webhook denies the request.</exception>
    public static WebhookResponse Read(Webhook hook, string uid, bool mutating, ReadOnlySpan<byte> body)
    {
        JsonObject review;
        try
        {
            review = DocumentParser.Parse(body).Document;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new WebhookFailure($"failed to call webhook: {e.Message}", e);
        }
        if (review.Child("response") is not { } response)
        {
            throw Invalid("webhook response was absent");
        }
        Verify(hook, uid, mutating, review, response);
        if (response.Flag("allowed") != true)
        {
            throw Denied(hook.Name, response.Child("status"));
        }
        return new(Patch(response), [.. response.Texts("warnings")], [.. response.Map("auditAnnotations")]);
    }

    /// <summary>The refusal of a webhook, in upstream's words.</summary>
    public static StatusException Denied(string name, JsonObject? status)
    {
        var denied = $"admission webhook \"{name}\" denied the request";
        var (message, reason) = (status.Text("message"), status.Text("reason"));
        var why =
            message.Length > 0 ? $"{denied}: {message}"
            : reason.Length > 0 ? $"{denied}: {reason}"
            : $"{denied} without explanation";
        var code = status.Number("code") is { } given and >= 400 and < 600 ? (int)given : 400;
        return new StatusException(code, reason, why, status.Child("details")?.DeepClone().AsObject());
    }

    private static void Verify(Webhook hook, string uid, bool mutating, JsonObject review, JsonObject response)
    {
        var (patch, type) = (response.Text("patch"), response.Text("patchType"));
        if (hook.ReviewVersion == "v1")
        {
            if (response.Text("uid") != uid)
            {
                throw Invalid($"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
            }
            if (review.Text("apiVersion") != "admission.k8s.io/v1" || review.Text("kind") != "AdmissionReview")
            {
                throw Invalid(
                    $"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {review.Text("apiVersion")}, "
                        + $"Kind={review.Text("kind")}"
                );
            }
            if (mutating && patch.Length > 0 && !response.Has("patchType"))
            {
                throw Invalid("webhook returned response.patch but not response.patchType");
            }
            if (mutating && patch.Length == 0 && response.Has("patchType"))
            {
                throw Invalid("webhook returned response.patchType but not response.patch");
            }
            if (!mutating && patch.Length > 0)
            {
                throw Invalid("validating webhook may not return response.patch");
            }
            if (!mutating && response.Has("patchType"))
            {
                throw Invalid("validating webhook may not return response.patchType");
            }
        }
        if (mutating && patch.Length > 0 && type != "JSONPatch" && !(hook.ReviewVersion == "v1beta1" && type.Length == 0))
        {
            throw Invalid($"webhook returned invalid response.patchType of \"{type}\"");
        }
    }

    private static JsonArray? Patch(JsonObject response)
    {
        if (response.Text("patch") is not { Length: > 0 } encoded)
        {
            return null;
        }
        try
        {
            return DocumentParser.ParseValue(Convert.FromBase64String(encoded)) is JsonArray { Count: > 0 } patch ? patch : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new WebhookFailure($"received undecodable patch in webhook response: {e.Message}", e);
        }
    }

    private static WebhookFailure Invalid(string why) => new($"received invalid webhook response: {why}");

    // Evictions have a kind of their own; other subresources are written as their object.
    private static JsonObject KindOf(WebhookSubject subject, KindDefinition kind)
    {
        var written =
            (subject.Object ?? subject.Old)?.Text("kind") is { Length: > 0 } named
            && subject.Subresource.Length > 0
            && named != subject.Kind.Gvk.Kind
                ? subject.Object ?? subject.Old
                : null;
        if (written is null)
        {
            return new JsonObject
            {
                ["group"] = kind.Gvk.Group,
                ["version"] = kind.Gvk.Version,
                ["kind"] = kind.Gvk.Kind,
            };
        }
        var parts = written.Text("apiVersion").Split('/');
        return new JsonObject
        {
            ["group"] = parts.Length > 1 ? parts[0] : "",
            ["version"] = parts[^1],
            ["kind"] = written.Text("kind"),
        };
    }

    private static JsonObject ResourceOf(KindDefinition kind) =>
        new()
        {
            ["group"] = kind.Gvk.Group,
            ["version"] = kind.Gvk.Version,
            ["resource"] = kind.Plural,
        };

    /// <summary>A document as an object of another version of its kind, with what the request adds to it.</summary>
    public static JsonObject? As(WebhookSubject subject, JsonObject? document, KindDefinition kind)
    {
        var copy = document?.DeepClone().AsObject();
        if (copy is null)
        {
            return null;
        }
        if (kind != subject.Kind)
        {
            copy["apiVersion"] = kind.Gvk.ApiVersion;
            copy["kind"] = kind.Gvk.Kind;
        }
        if (subject.Namespace.Length > 0 && !subject.IsNamespace && copy.Child("metadata") is { } metadata)
        {
            metadata.Fill("namespace", subject.Namespace);
        }
        return copy;
    }

    private static void Add(JsonObject target, string name, string value)
    {
        if (value.Length > 0)
        {
            target[name] = value;
        }
    }
}
