using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.Client;

/// <summary>One event of a watch for metadata; <see cref="Object"/> is null for bookmarks.</summary>
public readonly record struct MetadataEvent(WatchEventKind Kind, ObjectMetadata? Object, ulong Revision);

/// <summary>Reads and changes the metadata of objects of any kind, without C# types. Only metadata is transferred.</summary>
public sealed class MetadataClient(ApiClient client)
{
    private const string Form = "g=meta.k8s.io;v=v1";
    private const string OneObject = $"application/json;as=PartialObjectMetadata;{Form}";
    private const string ListOfObjects = $"application/json;as=PartialObjectMetadataList;{Form}";

    /// <summary>Gets the metadata of the object; null when it does not exist.</summary>
    public async ValueTask<ObjectMetadata?> FindAsync(ResourceKind kind, ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            using var document = DeepJson.Document(
                (await client.SendAsync("GET", kind.Path(key), [], null, "", cancellationToken, OneObject)).Body
            );
            return ObjectMetadata.From(document.RootElement);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>All objects in a namespace ("" for all), and the list's resourceVersion.</summary>
    public async ValueTask<(IReadOnlyList<ObjectMetadata> Items, ulong Revision)> ListAsync(
        ResourceKind kind,
        string namespaceName,
        CancellationToken cancellationToken
    )
    {
        var response = await client.SendAsync("GET", kind.Path(namespaceName), [], null, "", cancellationToken, ListOfObjects);
        using var document = DeepJson.Document(response.Body);
        var items = document.RootElement.GetProperty("items").EnumerateArray().Select(ObjectMetadata.From).ToArray();
        return (items, document.RootElement.ObjectRevision());
    }

    /// <summary>
    /// Watches a kind from just after <paramref name="afterRevision"/>. Throws <see cref="ApiException"/> with 410 when that revision is
    /// too old.
    /// </summary>
    public async IAsyncEnumerable<MetadataEvent> WatchAsync(
        ResourceKind kind,
        ulong afterRevision,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await foreach (var line in client.WatchLinesAsync(kind.Root, [], afterRevision, cancellationToken, OneObject))
        {
            yield return Parse(line);
        }
    }

    /// <summary>Deletes the object. Returns false when it does not exist. A failed precondition is a conflict.</summary>
    public async ValueTask<bool> DeleteAsync(ResourceKind kind, ObjectKey key, V1DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync("DELETE", kind.Path(key), [], Body(options), "application/json", cancellationToken, OneObject);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Deletes all objects of a kind in a namespace.</summary>
    public async ValueTask DeleteCollectionAsync(
        ResourceKind kind,
        string namespaceName,
        V1DeleteOptions options,
        CancellationToken cancellationToken
    ) =>
        await client.SendAsync("DELETE", kind.Path(namespaceName), [], Body(options), "application/json", cancellationToken, ListOfObjects);

    /// <summary>
    /// Applies a JSON merge patch to the metadata, on the condition that the object is unchanged since <paramref name="seen"/>.
    /// </summary>
    public async ValueTask<ObjectMetadata> PatchAsync(
        ResourceKind kind,
        ObjectMetadata seen,
        JsonObject metadata,
        CancellationToken cancellationToken
    )
    {
        metadata["uid"] = seen.Uid;
        metadata["resourceVersion"] = seen.ResourceVersion;
        var patch = new JsonObject { ["metadata"] = metadata };
        var response = await client.SendAsync(
            "PATCH",
            kind.Path(seen.Key),
            [],
            Encoding.UTF8.GetBytes(patch.ToJsonString()),
            "application/merge-patch+json",
            cancellationToken,
            OneObject
        );
        using var document = DeepJson.Document(response.Body);
        return ObjectMetadata.From(document.RootElement);
    }

    private static ReadOnlyMemory<byte> Body(V1DeleteOptions options)
    {
        options.ApiVersion ??= "v1";
        options.Kind ??= "DeleteOptions";
        return ApiClient.Body(options);
    }

    private static MetadataEvent Parse(ReadOnlyMemory<byte> line)
    {
        using var document = DeepJson.Document(line);
        var type = document.RootElement.GetProperty("type").GetString();
        var element = document.RootElement.GetProperty("object");
        if (type == "ERROR")
        {
            var status = ObjectJson.Read<V1Status>(JsonMarshal.GetRawUtf8Value(element));
            throw new ApiException(status.Code ?? 500, status);
        }
        var value = ObjectMetadata.From(element);
        return type switch
        {
            "BOOKMARK" => new(WatchEventKind.Bookmark, null, value.Revision),
            "ADDED" => new(WatchEventKind.Added, value, value.Revision),
            "MODIFIED" => new(WatchEventKind.Modified, value, value.Revision),
            "DELETED" => new(WatchEventKind.Deleted, value, value.Revision),
            _ => throw new IOException($"Unknown watch event type '{type}'."),
        };
    }
}
