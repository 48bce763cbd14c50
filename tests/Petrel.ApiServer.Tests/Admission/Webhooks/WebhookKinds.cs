using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

/// <summary>The built-in kinds, and those of webhook configurations.</summary>
internal static class WebhookKinds
{
    private const string Group = "admissionregistration.k8s.io";

    public static KindRegistry Registry { get; } = KindRegistry.BuiltIn.Find(Group, "v1", "validatingwebhookconfigurations") is not null
        ? KindRegistry.BuiltIn
        : new(
        [
            .. KindRegistry.BuiltIn.All,
            BuiltInKinds.Row(Group, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced: false),
            BuiltInKinds.Row(Group, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", namespaced: false),
        ]);
}
