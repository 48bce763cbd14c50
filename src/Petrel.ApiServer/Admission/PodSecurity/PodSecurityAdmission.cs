using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>
/// Checks pods against the Pod Security Standard of their namespace (upstream's PodSecurity admission). Violating pods are refused.
/// Workloads whose pods would violate it are accepted with a warning, because the controller would fail later.
/// </summary>
internal sealed partial class PodSecurityAdmission(IRevisionedStore store, KindRegistry kinds, CacheHub caches, ILogger log)
    : IAdmissionPlugin
{
    public string Name => "PodSecurity";

    public bool Handles(AdmissionRequest request) =>
        request.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && (
            request.Is("", "pods")
                ? request.Subresource
                    is not ("exec" or "attach" or "binding" or "eviction" or "log" or "portforward" or "proxy" or "status")
                : request.Subresource.Length == 0 && (request.Is("", "namespaces") || WorkloadTemplates.IsWorkload(request.Kind))
        );

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Is("", "namespaces"))
        {
            ReviewNamespace(request);
            return;
        }
        var errors = new FieldErrors();
        var policy = await PolicyAsync(request.Key.Namespace, errors, cancellationToken);
        var isPod = request.Is("", "pods");
        if (!errors.Any && (isPod ? policy.IsPrivileged : policy.AsksNothingOfWorkloads))
        {
            return;
        }
        if (!isPod)
        {
            if (WorkloadTemplates.Of(request.Kind, request.Object!) is { } template)
            {
                Tell(request, policy, template);
            }
        }
        else if (request.Old is not { } old || PodChange.IsSignificant(request.Object!, old))
        {
            Enforce(request, policy);
            Tell(request, policy, request.Object!);
        }
    }

    private static void Enforce(AdmissionRequest request, SecurityPolicy policy)
    {
        var violations = PodSecurityStandard.Check(policy.Enforce, request.Object.Child("metadata"), request.Object.Child("spec"));
        if (violations.Count > 0)
        {
            throw request.Forbidden($"violates PodSecurity \"{policy.Enforce}\": {string.Join(", ", violations)}");
        }
    }

    private void Tell(AdmissionRequest request, SecurityPolicy policy, JsonObject pod)
    {
        if (Beyond(policy.Audit, pod) is { } noted)
        {
            LogViolation(log, request.Kind.Plural, request.Key.Namespace, request.DisplayName(), noted);
        }
        if (Beyond(policy.Warn, pod) is { } warned)
        {
            request.Call.Warn(warned);
        }
    }

    private static string? Beyond(LevelVersion level, JsonObject pod)
    {
        var violations = PodSecurityStandard.Check(level, pod.Child("metadata"), pod.Child("spec"));
        return violations.Count == 0 ? null : $"would violate PodSecurity \"{level}\": {string.Join(", ", violations)}";
    }

    private async ValueTask<SecurityPolicy> PolicyAsync(string namespaceName, FieldErrors errors, CancellationToken cancellationToken)
    {
        var namespaces = kinds.Find("", "v1", "namespaces")!;
        // Read the store, not the cache: a label set just before the pod was created counts. Parse only labeled namespaces.
        return
            await store.GetAsync(namespaces.StoreKey(new("", namespaceName)), cancellationToken) is { } entry
            && entry.Value.Span.IndexOf("pod-security.kubernetes.io/"u8) >= 0
            ? Policy(DeepJson.Node(entry.Value.Span)!.AsObject(), errors)
            : SecurityPolicy.Default;
    }

    private static SecurityPolicy Policy(JsonObject document, FieldErrors errors) =>
        SecurityPolicy.Read(document.Child("metadata").Map("labels").ToDictionary(l => l.Key, l => l.Value), errors);

    private void ReviewNamespace(AdmissionRequest request)
    {
        var errors = new FieldErrors();
        var policy = Policy(request.Object!, errors);
        if (request.Old is not { } before)
        {
            if (errors.Any)
            {
                throw StatusErrors.Invalid(request.Kind, request.Key.Name, errors.All);
            }
            return;
        }
        var oldErrors = new FieldErrors();
        var old = Policy(before, oldErrors);
        // Other fields of a namespace that already has an invalid label can still change.
        if (errors.Any && !errors.All.SequenceEqual(oldErrors.All))
        {
            throw StatusErrors.Invalid(request.Kind, request.Key.Name, errors.All);
        }
        if (NamespaceReview.IsStricter(policy, old))
        {
            foreach (var warning in NamespaceReview.Warnings(request.Key.Name, policy.Enforce, Pods(request.Key.Name)))
            {
                request.Call.Warn(warning);
            }
        }
    }

    private List<JsonObject> Pods(string namespaceName)
    {
        var snapshot = caches.Of(kinds.Find("", "v1", "pods")!).Current;
        var (start, end) = snapshot.Range(namespaceName + "/", null);
        return [.. snapshot.Between(start, end).Select(o => DeepJson.Node(o.ToArray())!.AsObject())];
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Information, Message = "{Resource} {Namespace}/{Name} {Violation}")]
    private static partial void LogViolation(ILogger logger, string resource, string @namespace, string name, string violation);
}
