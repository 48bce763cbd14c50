using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// What admission plugins read besides the request. Always from the store: the cache may lag, and a decision on stale objects is wrong.
/// </summary>
internal static class AdmissionReads
{
    /// <summary>All objects of a kind, by name: those of the namespace, or all of a cluster-scoped kind.</summary>
    public static async ValueTask<IReadOnlyList<StoreEntry>> ListAsync(
        IRevisionedStore store,
        KindDefinition kind,
        string namespaceName,
        CancellationToken cancellationToken
    )
    {
        var prefix = kind.Namespaced ? $"{kind.StorePrefix}{namespaceName}/" : kind.StorePrefix;
        var all = (await store.RangeAsync(prefix, 0, null, 0, cancellationToken)).Entries;
        // What can't be read is set aside, as in the caches.
        return all.Any(IsBroken) ? [.. all.Where(e => !IsBroken(e))] : all;
    }

    private static bool IsBroken(StoreEntry entry) => StoredDocumentCheck.Problem(entry.Value.Span) is not null;

    /// <summary>One object, or null.</summary>
    public static async ValueTask<JsonObject?> FindAsync(
        IRevisionedStore store,
        KindDefinition kind,
        ObjectKey key,
        CancellationToken cancellationToken
    ) => await store.GetAsync(kind.StoreKey(key), cancellationToken) is { } entry ? StoredDocument.Decode(entry) : null;

    /// <summary>A plugin's refusal; names the object if its name is known.</summary>
    public static StatusException Forbidden(this AdmissionRequest request, string why) =>
        StatusErrors.Forbidden(request.Kind, request.DisplayName(), why);

    /// <summary>The object's name, or its generateName.</summary>
    public static string DisplayName(this AdmissionRequest request)
    {
        if (request.Key.Name.Length > 0)
        {
            return request.Key.Name;
        }
        var metadata = request.Object.Child("metadata");
        return metadata.Text("name") is { Length: > 0 } name ? name : metadata.Text("generateName");
    }

    /// <summary>Whether the request creates an object of this resource, not a subresource.</summary>
    public static bool Creates(this AdmissionRequest request, string group, string plural) =>
        request is { Operation: AdmissionOperation.Create, Subresource.Length: 0 } && request.Is(group, plural);
}
