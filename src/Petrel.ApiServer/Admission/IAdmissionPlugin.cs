using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission;

/// <summary>What a write does to its object, as admission names it.</summary>
internal enum AdmissionOperation
{
    Create,
    Update,
    Delete,
    Connect,
}

/// <summary>One write as admission sees it. Each attempt at a commit has a request of its own.</summary>
internal sealed class AdmissionRequest
{
    public required KindDefinition Kind { get; init; }

    /// <summary>The object's key. Its name is empty until it is generated.</summary>
    public required ObjectKey Key { get; init; }

    public required AdmissionOperation Operation { get; init; }
    public required WriteCall Call { get; init; }

    /// <summary>The subresource that is written, or empty.</summary>
    public string Subresource => Call.Subresource;

    /// <summary>The new object, with defaults; plugins change it in the mutating stage. Null for deletions.</summary>
    public JsonObject? Object { get; init; }

    /// <summary>The stored object, read-only. Null for creations.</summary>
    public JsonObject? Old { get; init; }

    /// <summary>How to delete, for deletions.</summary>
    public DeleteOptions? Deletion { get; init; }

    /// <summary>
    /// Operations to commit in one batch with the object. When the condition of one fails, the whole write is tried again.
    /// </summary>
    public List<StoreOperation> Commits { get; } = [];

    /// <summary>The state of mutating webhooks in this request; null before the first of them runs.</summary>
    public WebhookReinvocation? Webhooks { get; set; }

    /// <summary>Whether the kind has this group and resource.</summary>
    public bool Is(string group, string plural) => Kind.Gvk.Group == group && Kind.Plural == plural;
}

/// <summary>
/// One rule of admission (upstream: admission plugins). First every plugin may change the object; after validation every plugin may
/// refuse the result.
/// </summary>
internal interface IAdmissionPlugin
{
    /// <summary>Upstream's name, for example <c>LimitRanger</c>.</summary>
    string Name { get; }

    /// <summary>Whether the plugin applies to such a request. Must be cheap.</summary>
    bool Handles(AdmissionRequest request);

    /// <summary>The mutating stage: may change <see cref="AdmissionRequest.Object"/>, which has its defaults already.</summary>
    /// <exception cref="StatusException">The request is refused.</exception>
    ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>The validating stage: the object is final and may not be changed.</summary>
    /// <exception cref="StatusException">The request is refused.</exception>
    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
