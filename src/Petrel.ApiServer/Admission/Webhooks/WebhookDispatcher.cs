using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>Finds the webhooks that match a request, and calls them.</summary>
internal sealed partial class WebhookDispatcher(
    IRevisionedStore store,
    KindRegistry kinds,
    TimeProvider time,
    IEntropy entropy,
    IWebhookCaller caller,
    ILogger log,
    WebhookServices services
)
{
    /// <summary>The request as webhooks see it.</summary>
    public static WebhookSubject SubjectOf(AdmissionRequest request)
    {
        var evicts = request.Subresource == "eviction";
        return new(
            evicts ? "CREATE" : request.Operation.ToString().ToUpperInvariant(),
            request.Kind,
            request.Subresource,
            request.Key.Namespace,
            evicts ? Eviction(request) : request.Object,
            evicts ? null : request.Old
        );
    }

    /// <summary>Those of <paramref name="hooks"/> that are to be asked, in their order.</summary>
    public async ValueTask<IReadOnlyList<WebhookInvocation>> MatchAsync(
        IReadOnlyList<Webhook> hooks,
        WebhookSubject subject,
        CancellationToken cancellationToken
    )
    {
        var labels = hooks.Any(h => !h.NamespaceSelector.IsEverything) ? await NamespaceLabelsAsync(subject, cancellationToken) : null;
        var equivalents = kinds.All.Where(k => k.StorePrefix == subject.Kind.StorePrefix && k != subject.Kind).ToList();
        return [.. hooks.Select(h => WebhookMatching.Match(h, subject, labels, equivalents)).OfType<WebhookInvocation>()];
    }

    /// <summary>Calls one webhook. Null: the call failed, and its failure policy ignores that.</summary>
    /// <exception cref="StatusException">It denies the request, or could not be asked.</exception>
    public async ValueTask<WebhookResponse?> AskAsync(
        WebhookInvocation invocation,
        WebhookSubject subject,
        AdmissionRequest request,
        bool mutating,
        CancellationToken cancellationToken
    )
    {
        var hook = invocation.Webhook;
        var dryRun = request.Call.DryRun || request.Deletion?.DryRun == true;
        if (dryRun && !hook.SupportsDryRun)
        {
            throw StatusErrors.BadRequest($"admission webhook \"{hook.Name}\" does not support dry run");
        }
        try
        {
            return await CallAsync(
                new(invocation, subject, request.Key.Name, request.Call.User, dryRun, Options(request, dryRun)),
                mutating,
                cancellationToken
            );
        }
        catch (WebhookFailure e) when (hook.IgnoresFailure)
        {
            LogFailedOpen(log, hook.Name, e.Message);
            return null;
        }
        catch (WebhookFailure e)
        {
            LogFailedClosed(log, hook.Name, e.Message);
            throw StatusErrors.InternalError($"failed calling webhook \"{hook.Name}\": {e.Message}");
        }
    }

    /// <summary>Passes on a webhook's warnings and audit annotations.</summary>
    public void Note(Webhook hook, WebhookResponse consent, WriteCall call)
    {
        foreach (var warning in consent.Warnings)
        {
            call.Warn(warning);
        }
        foreach (var (key, value) in consent.AuditAnnotations)
        {
            LogNote(log, hook.Name, key, value);
        }
    }

    private async ValueTask<WebhookResponse> CallAsync(
        AdmissionReview.Question question,
        bool mutating,
        CancellationToken cancellationToken
    )
    {
        var hook = question.Invocation.Webhook;
        if (hook.ReviewVersion.Length == 0)
        {
            throw new WebhookFailure(
                "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)"
            );
        }
        if (hook.Conditions.Count > 0)
        {
            throw new WebhookFailure($"its match conditions cannot be evaluated here: {string.Join(", ", hook.Conditions)}");
        }
        var endpoint = services.Resolve(hook);
        var uid = entropy.NewUid();
        var body = JsonBytes.Of(AdmissionReview.Ask(question, uid));
        using var limit = new CancellationTokenSource(hook.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        WebhookReply reply;
        try
        {
            reply = await caller.PostAsync(endpoint, body, either.Token);
        }
        catch (IOException e)
        {
            throw new WebhookFailure($"failed to call webhook: Post \"{endpoint.Url.OriginalString}\": {e.Message}", e);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new WebhookFailure($"failed to call webhook: Post \"{endpoint.Url.OriginalString}\": context deadline exceeded", e);
        }
        return reply.StatusCode is >= 200 and < 300
            ? AdmissionReview.Read(hook, uid, mutating, reply.Body.Span)
            : throw new WebhookFailure($"failed to call webhook: {Refusal(reply)}");
    }

    private static string Refusal(WebhookReply reply) =>
        reply.StatusCode switch
        {
            404 => "the server could not find the requested resource",
            >= 500 => $"an error on the server (\"{Beginning(reply)}\") has prevented the request from succeeding",
            _ => $"the server rejected our request for an unknown reason (status {reply.StatusCode})",
        };

    private static string Beginning(WebhookReply reply) =>
        System.Text.Encoding.UTF8.GetString(reply.Body.Span[..Math.Min(reply.Body.Length, 1024)]).Trim();

    private async ValueTask<Dictionary<string, string>?> NamespaceLabelsAsync(WebhookSubject subject, CancellationToken cancellationToken)
    {
        if (subject.IsNamespace)
        {
            return WebhookMatching.Labels(subject.Object ?? subject.Old);
        }
        if (subject.Namespace.Length == 0)
        {
            return null;
        }
        var namespaces = kinds.Find("", "v1", "namespaces")!;
        return WebhookMatching.Labels(await AdmissionReads.FindAsync(store, namespaces, new("", subject.Namespace), cancellationToken));
    }

    private static JsonObject Eviction(AdmissionRequest request) =>
        new()
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = request.Key.Name, ["namespace"] = request.Key.Namespace },
        };

    private static JsonObject? Options(AdmissionRequest request, bool dryRun)
    {
        var options = new JsonObject
        {
            ["kind"] =
                request is { Deletion: not null, Subresource: not "eviction" } ? "DeleteOptions"
                : request.Operation == AdmissionOperation.Update ? "UpdateOptions"
                : "CreateOptions",
            ["apiVersion"] = "meta.k8s.io/v1",
        };
        if (request.Operation == AdmissionOperation.Connect)
        {
            return null;
        }
        if (dryRun)
        {
            options["dryRun"] = new JsonArray("All");
        }
        if (options.Text("kind") != "DeleteOptions")
        {
            if (request.Call.FieldManager.Length > 0)
            {
                options["fieldManager"] = request.Call.FieldManager;
            }
            return options;
        }
        if (request.Deletion!.GracePeriodSeconds is { } seconds)
        {
            options["gracePeriodSeconds"] = seconds;
        }
        if (request.Deletion.PropagationPolicy is { } policy)
        {
            options["propagationPolicy"] = policy;
        }
        return options;
    }

    [LoggerMessage(EventId = 2211, Level = LogLevel.Warning, Message = "Calling webhook {Webhook} failed, the request goes on: {Reason}")]
    private static partial void LogFailedOpen(ILogger logger, string webhook, string reason);

    [LoggerMessage(
        EventId = 2212,
        Level = LogLevel.Warning,
        Message = "Calling webhook {Webhook} failed, the request is refused: {Reason}"
    )]
    private static partial void LogFailedClosed(ILogger logger, string webhook, string reason);

    [LoggerMessage(EventId = 2213, Level = LogLevel.Information, Message = "Webhook {Webhook} notes {Key}: {Value}")]
    private static partial void LogNote(ILogger logger, string webhook, string key, string value);
}
