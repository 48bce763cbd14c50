using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Model.Patches;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>Applies a webhook's patch. The result is checked against its schema and gets its defaults like any other document.</summary>
internal static class WebhookPatch
{
    /// <summary>Changes <paramref name="document"/>, and answers whether there was anything to change.</summary>
    /// <exception cref="StatusException">The patch does not apply, or its result is no object of its kind.</exception>
    public static bool Apply(JsonObject document, JsonArray patch, WebhookInvocation invocation, WebhookSubject subject)
    {
        var kind = subject.Kind;
        if (Patched(AdmissionReview.As(subject, document, invocation.Kind)!, patch) is not JsonObject result)
        {
            throw StatusErrors.InternalError($"admission webhook \"{invocation.Webhook.Name}\" left no object");
        }
        // Bindings and TokenRequests are of another kind than the object.
        var own = GroupVersionKind.From(document.Text("apiVersion"), document.Text("kind"));
        var written = subject.Subresource.Length > 0 && own != kind.Gvk ? KubernetesSchemas.ForKind(own) : null;
        var gvk = written is null ? kind.Gvk : own;
        var conforming = DocumentConformance.Check(result, written ?? kind.Schema);
        if (conforming.TypeErrors.Count > 0)
        {
            throw StatusErrors.InternalError(string.Join(", ", conforming.TypeErrors));
        }
        var changed = conforming.Document;
        changed["apiVersion"] = gvk.ApiVersion;
        changed["kind"] = gvk.Kind;
        if (subject.Subresource == "status")
        {
            KeepAllButStatus(changed, document);
        }
        if (written is null)
        {
            kind.Default(changed);
        }
        if (JsonNode.DeepEquals(changed, document))
        {
            return false;
        }
        document.Clear();
        foreach (var (name, value) in changed.ToList())
        {
            changed.Remove(name);
            document[name] = value;
        }
        return true;
    }

    private static JsonNode? Patched(JsonObject document, JsonArray patch)
    {
        try
        {
            return JsonPatch.Apply(document, patch);
        }
        catch (PatchException e)
        {
            throw StatusErrors.InternalError(e.Message);
        }
    }

    // A status update changes nothing but the status, webhooks included.
    private static void KeepAllButStatus(JsonObject changed, JsonObject document)
    {
        foreach (var name in changed.Select(m => m.Key).Where(n => n is not ("status" or "metadata")).ToList())
        {
            changed.Remove(name);
        }
        foreach (var (name, value) in document)
        {
            if (name is not ("status" or "metadata"))
            {
                changed[name] = value?.DeepClone();
            }
        }
    }
}
