using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>One webhook of a configuration object (admissionregistration/v1), with defaults.</summary>
internal sealed record Webhook
{
    /// <summary>Identifies the webhook within one stage, also among webhooks of the same name in different configurations.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }
    public required IReadOnlyList<WebhookRule> Rules { get; init; }

    /// <summary>Whether rules for another version of the same objects count, too (matchPolicy Equivalent).</summary>
    public required bool MatchesEquivalents { get; init; }

    public required LabelSelector NamespaceSelector { get; init; }
    public required LabelSelector ObjectSelector { get; init; }

    /// <summary>Whether a failed call is ignored (failurePolicy Ignore).</summary>
    public required bool IgnoresFailure { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>Whether it may be called for dry runs (sideEffects None or NoneOnDryRun).</summary>
    public required bool SupportsDryRun { get; init; }

    /// <summary>Whether it is called again after other plugins changed the object (reinvocationPolicy IfNeeded).</summary>
    public required bool WantsReinvocation { get; init; }

    /// <summary>
    /// The newest version of AdmissionReview that both sides know, by the webhook's preference; empty when there is none.
    /// </summary>
    public required string ReviewVersion { get; init; }

    /// <summary>Conditions in CEL that a request must meet besides (name and expression).</summary>
    public required IReadOnlyList<string> Conditions { get; init; }

    public required WebhookClient Client { get; init; }

    /// <exception cref="FormatException">A selector is malformed.</exception>
    public static Webhook Read(string configuration, int index, JsonObject hook) =>
        new()
        {
            Id = $"{configuration}/{hook.Text("name")}/{index}",
            Name = hook.Text("name"),
            Rules = [.. hook.Objects("rules").Select(WebhookRule.Read)],
            MatchesEquivalents = hook.Text("matchPolicy") != "Exact",
            NamespaceSelector = Selector(hook.Child("namespaceSelector")),
            ObjectSelector = Selector(hook.Child("objectSelector")),
            IgnoresFailure = hook.Text("failurePolicy") == "Ignore",
            Timeout = TimeSpan.FromSeconds(hook.Number("timeoutSeconds") ?? 10),
            SupportsDryRun = hook.Text("sideEffects") is "None" or "NoneOnDryRun",
            WantsReinvocation = hook.Text("reinvocationPolicy") == "IfNeeded",
            ReviewVersion = hook.Texts("admissionReviewVersions").FirstOrDefault(v => v is "v1" or "v1beta1") ?? "",
            Conditions = [.. hook.Objects("matchConditions").Select(c => c.Text("name"))],
            Client = WebhookClient.Read(hook.Child("clientConfig")),
        };

    private static LabelSelector Selector(JsonObject? selector) =>
        selector is null ? LabelSelector.Everything : LabelSelector.FromDocument((JsonNode)selector);
}

/// <summary>Where a webhook listens: at a URL, or behind a Service (admissionregistration/v1 WebhookClientConfig).</summary>
/// <param name="Url">The URL, or empty.</param>
/// <param name="Namespace">The Service's namespace.</param>
/// <param name="Service">The Service, or empty.</param>
/// <param name="Port">The Service's port.</param>
/// <param name="Path">The path behind the Service.</param>
/// <param name="Authorities">The certificates (PEM) that its own must come from; empty: those that the system trusts.</param>
internal sealed record WebhookClient(string Url, string Namespace, string Service, int Port, string Path, string Authorities)
{
    public static WebhookClient Read(JsonObject? config)
    {
        var service = config.Child("service");
        return new(
            config.Text("url"),
            service.Text("namespace"),
            service.Text("name"),
            (int)(service.Number("port") ?? 443),
            service.Text("path"),
            config.Text("caBundle") is { Length: > 0 } bundle ? Pem(bundle) : ""
        );
    }

    private static string Pem(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? System.Text.Encoding.UTF8.GetString(bytes, 0, length) : "";
    }
}
