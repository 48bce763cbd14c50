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

/// <summary>One write on its way to the store, as admission sees it. Each attempt at a commit has its own.</summary>
internal sealed class AdmissionRequest
{
    public required KindDefinition Kind { get; init; }

    /// <summary>The object. Its name is empty while it is to be generated.</summary>
    public required ObjectKey Key { get; init; }

    public required AdmissionOperation Operation { get; init; }
    public required WriteCall Call { get; init; }

    /// <summary>The subresource that is written, or empty.</summary>
    public string Subresource => Call.Subresource;

    /// <summary>The object as it is to be, with defaults; plugins change it in the mutating stage. Null for deletions.</summary>
    public JsonObject? Object { get; init; }

    /// <summary>The object as it is stored. Null for creations. Not to be changed.</summary>
    public JsonObject? Old { get; init; }

    /// <summary>How to delete, for deletions.</summary>
    public DeleteOptions? Deletion { get; init; }

    /// <summary>
    /// What is committed in one batch with the object. When an operation's condition fails, the whole write is tried again.
    /// </summary>
    public List<StoreOperation> Commits { get; } = [];

    /// <summary>What webhooks have done in the mutating stage so far.</summary>
    public WebhookReinvocation? Webhooks { get; set; }

    /// <summary>Whether the kind has this group and resource.</summary>
    public bool Is(string group, string plural) => Kind.Gvk.Group == group && Kind.Plural == plural;
}

/// <summary>
/// One rule that stands between a request and the store (upstream: admission plugins). First every plugin may change the object, which
/// then is validated, then every plugin may refuse what came of it.
/// </summary>
internal interface IAdmissionPlugin
{
    /// <summary>Upstream's name, for example <c>LimitRanger</c>.</summary>
    string Name { get; }

    /// <summary>Whether the plugin looks at such a request at all. Cheap.</summary>
    bool Handles(AdmissionRequest request);

    /// <summary>The mutating stage: may change <see cref="AdmissionRequest.Object"/>, which has its defaults already.</summary>
    /// <exception cref="StatusException">The request is refused.</exception>
    ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>The validating stage: the object is as it will be stored, and may not be changed any more.</summary>
    /// <exception cref="StatusException">The request is refused.</exception>
    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
