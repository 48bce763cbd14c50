using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>
/// Calls mutating webhooks one after the other, ordered by the names of their configurations (upstream's MutatingAdmissionWebhook).
/// When one changed the object, the mutating stage runs a second time.
/// </summary>
internal sealed class MutatingWebhooks(WebhookSource source, WebhookDispatcher dispatcher) : IAdmissionPlugin
{
    public string Name => "MutatingAdmissionWebhook";

    public bool Handles(AdmissionRequest request) => !WebhookMatching.IsExempt(request.Kind) && source.Current.Count > 0;

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var hooks = source.Current;
        var rounds = request.Webhooks ??= new WebhookReinvocation();
        var subject = WebhookDispatcher.SubjectOf(request);
        if (request.Object is { } document)
        {
            rounds.BeginTurn(document);
        }
        foreach (var hook in hooks)
        {
            // Match one at a time: the changes of one webhook decide whether the next matches.
            if ((await dispatcher.MatchAsync([hook], subject, cancellationToken)) is not [var invocation] || !rounds.MayCall(hook.Id))
            {
                continue;
            }
            var consent = await dispatcher.AskAsync(invocation, subject, request, mutating: true, cancellationToken);
            if (consent is not null)
            {
                dispatcher.Note(hook, consent, request.Call);
            }
            rounds.Called(hook.Id, hook.WantsReinvocation, Apply(consent, invocation, subject, request));
        }
        if (request.Object is { } changed)
        {
            rounds.EndTurn(changed);
        }
    }

    private static bool Apply(WebhookResponse? consent, WebhookInvocation invocation, WebhookSubject subject, AdmissionRequest request)
    {
        if (consent?.Patch is not { } patch)
        {
            return false;
        }
        return request.Object is { } document
            ? WebhookPatch.Apply(document, patch, invocation, subject)
            : throw StatusErrors.InternalError(
                $"admission webhook \"{invocation.Webhook.Name}\" attempted to modify the object, which is not supported for this operation"
            );
    }
}
