using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>A webhook to call, and the kind in which it sees the object.</summary>
internal sealed record WebhookInvocation(Webhook Webhook, KindDefinition Kind);

/// <summary>What webhooks are matched with.</summary>
/// <param name="Operation">The operation in upstream's spelling.</param>
/// <param name="Kind">The kind that the client named.</param>
/// <param name="Subresource">The subresource, or empty.</param>
/// <param name="Namespace">The namespace, or empty.</param>
/// <param name="Object">The object, or null.</param>
/// <param name="Old">The object as it is, or null.</param>
internal sealed record WebhookSubject(
    string Operation,
    KindDefinition Kind,
    string Subresource,
    string Namespace,
    JsonObject? Object,
    JsonObject? Old
)
{
    public bool IsNamespace => Kind.Gvk.Group.Length == 0 && Kind.Plural == "namespaces";

    public RuleTarget As(KindDefinition kind) =>
        new(Operation, kind.Gvk.Group, kind.Gvk.Version, kind.Plural, Subresource, Namespace.Length > 0 && !IsNamespace);
}

/// <summary>Decides which webhooks are called for a request.</summary>
internal static class WebhookMatching
{
    /// <summary>Webhooks are not called for webhook configurations: a webhook must not be able to prevent its own removal.</summary>
    public static bool IsExempt(KindDefinition kind) =>
        kind.Gvk.Group == "admissionregistration.k8s.io"
        && kind.Plural
            is "mutatingwebhookconfigurations"
                or "validatingwebhookconfigurations"
                or "validatingadmissionpolicies"
                or "validatingadmissionpolicybindings"
                or "mutatingadmissionpolicies"
                or "mutatingadmissionpolicybindings";

    /// <summary>How to call the webhook, or null when the request does not concern it.</summary>
    /// <param name="hook">The webhook.</param>
    /// <param name="subject">The request.</param>
    /// <param name="namespaceLabels">The labels of the request's namespace, or null when it has none.</param>
    /// <param name="equivalents">The same objects' other kinds (other versions of them).</param>
    public static WebhookInvocation? Match(
        Webhook hook,
        WebhookSubject subject,
        IReadOnlyDictionary<string, string>? namespaceLabels,
        IReadOnlyList<KindDefinition> equivalents
    )
    {
        if ((namespaceLabels is not null && !hook.NamespaceSelector.Matches(namespaceLabels)) || !SelectsObject(hook, subject))
        {
            return null;
        }
        if (hook.Rules.Any(r => r.Matches(subject.As(subject.Kind))))
        {
            return new(hook, subject.Kind);
        }
        if (!hook.MatchesEquivalents)
        {
            return null;
        }
        // The first matching rule determines the kind that the webhook sees.
        foreach (var rule in hook.Rules)
        {
            if (equivalents.FirstOrDefault(kind => rule.Matches(subject.As(kind))) is { } kind)
            {
                return new(hook, kind);
            }
        }
        return null;
    }

    private static bool SelectsObject(Webhook hook, WebhookSubject subject) =>
        hook.ObjectSelector.IsEverything || Selects(hook, subject.Object) || Selects(hook, subject.Old);

    private static bool Selects(Webhook hook, JsonObject? document) =>
        document is not null && hook.ObjectSelector.Matches(Labels(document));

    public static Dictionary<string, string> Labels(JsonObject? document) =>
        document.Child("metadata").Map("labels").ToDictionary(l => l.Key, l => l.Value);
}
