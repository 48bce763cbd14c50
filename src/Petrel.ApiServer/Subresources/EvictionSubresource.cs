using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using Petrel.Store;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// POST of <c>pods/NAME/eviction</c>: a graceful deletion that the pod's disruption budget allows, as <c>kubectl drain</c> asks for it.
/// The disruption is taken from the budget in the commit that deletes the pod: no two evictions get the same one.
/// </summary>
internal sealed class EvictionSubresource(IRevisionedStore store, KindRegistry kinds, TimeProvider time, DeleteEngine engine)
    : IResourceHandler
{
    private static readonly GroupVersionKind EvictionKind = new("policy", "v1", "Eviction");

    public static SubresourceDefinition Definition { get; } =
        new("eviction", ["create"]) { BelongsTo = static kind => ReferenceEquals(kind, PodKind.Definition), Kind = EvictionKind };

    private readonly KindDefinition? _budgets = kinds.Find("policy", "v1", "poddisruptionbudgets");

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "CreateOptions", "eviction");
        var eviction = BodyDecoder.Decode(request.Http, EvictionKind, KubernetesSchemas.ForKind(EvictionKind)!).Document;
        var name = eviction.Metadata().Text("name");
        if (name.Length > 0 && name != request.Key.Name)
        {
            throw StatusErrors.BadRequest("name in URL does not match name in Eviction object");
        }
        var options = eviction.Child("deleteOptions") is { } document
            ? DeleteOptions.FromDocument(document.DeepClone().AsObject())
            : new DeleteOptions();
        if (call.DryRun)
        {
            options = options with { DryRun = true };
        }
        await engine.RunAsync(request.Kind, request.Key, options, call, cancellationToken, pod =>
            PrepareAsync(request.Key, pod, cancellationToken)
        );
        return ObjectResponses.Success(201);
    }

    /// <summary>Checks the pod's budget, and records the reason of the disruption in the pod's status.</summary>
    private async ValueTask<IReadOnlyList<StoreOperation>> PrepareAsync(ObjectKey key, JsonObject pod, CancellationToken cancellationToken)
    {
        var taken = EvictionBudget.AreIdleFor(pod) ? null : await TakeAsync(key, pod, cancellationToken);
        SetDisruptionTarget(pod);
        return taken is { } operation ? [operation] : [];
    }

    private async ValueTask<StoreOperation?> TakeAsync(ObjectKey key, JsonObject pod, CancellationToken cancellationToken)
    {
        if (_budgets is null)
        {
            return null;
        }
        var covering = (await AdmissionReads.ListAsync(store, _budgets, key.Namespace, cancellationToken))
            .Select(entry => (Entry: entry, Document: DeepJson.Node(entry.Value.Span)!.AsObject()))
            .Where(budget => EvictionBudget.Covers(budget.Document, pod))
            .ToList();
        if (covering.Count == 0)
        {
            return null;
        }
        if (covering.Count > 1)
        {
            throw new StatusException(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            );
        }
        var (entry, budget) = covering[0];
        if (EvictionBudget.LetsUnhealthyGo(budget, pod))
        {
            // The deletion is committed only if the pod is unchanged; the budget may change, as upstream.
            return null;
        }
        EvictionBudget.Take(budget, key.Name, time.GetUtcNow());
        return StoreOperation.Put(entry.Key, StoredDocument.Encode(budget), entry.ModRevision);
    }

    private void SetDisruptionTarget(JsonObject pod) =>
        Conditions.MoveToEnd(
            pod.Ensure("status"),
            new JsonObject
            {
                ["type"] = "DisruptionTarget",
                ["status"] = "True",
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = time.GetUtcNow().ToTimestamp(),
                ["reason"] = "EvictionByEvictionAPI",
                ["message"] = "Eviction API: evicting",
            }
        );
}
