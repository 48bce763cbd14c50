using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>Asks all matching webhooks at once whether the object may be stored (upstream's ValidatingAdmissionWebhook).</summary>
internal sealed class ValidatingWebhooks(WebhookSource source, WebhookDispatcher dispatcher) : IAdmissionPlugin
{
    public string Name => "ValidatingAdmissionWebhook";

    public bool Handles(AdmissionRequest request) => !WebhookMatching.IsExempt(request.Kind) && source.Current.Count > 0;

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var subject = WebhookDispatcher.SubjectOf(request);
        var invocations = await dispatcher.MatchAsync(source.Current, subject, cancellationToken);
        var answers = invocations
            .Select(i => dispatcher.AskAsync(i, subject, request, mutating: false, cancellationToken).AsTask())
            .ToArray();
        // Report the first refusal in the order of the webhooks, regardless of which response arrived first.
        var consents = await Task.WhenAll(answers);
        for (var i = 0; i < consents.Length; i++)
        {
            if (consents[i] is { } consent)
            {
                dispatcher.Note(invocations[i].Webhook, consent, request.Call);
            }
        }
    }
}
