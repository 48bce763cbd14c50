using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes;

/// <summary>Receives the objects of one kind. Calls come in order, one at a time. Handlers must be quick and must not throw.</summary>
internal interface IFeedReader
{
    /// <summary>The object exists in this state.</summary>
    void OnObject(JsonElement value);

    /// <summary>The object was deleted.</summary>
    void OnGone(ObjectKey key);

    /// <summary>The list is complete. Other known objects were deleted, unless they are newer than <paramref name="revision"/>.</summary>
    void OnListed(IReadOnlySet<ObjectKey> keys, ulong revision);
}

/// <summary>
/// Lists and watches the objects of one kind without a cache. Tens of thousands of objects may exist, and the simulated nodes need only a
/// few fields of each. The reader keeps these fields.
/// </summary>
internal sealed class ObjectFeed(
    ApiClient client,
    string path,
    string? fieldSelector,
    IFeedReader reader,
    TimeProvider time,
    IEntropy entropy,
    ILogger logger
) : IListWatchSource
{
    private const int PageSize = 500;

    private readonly KeyValuePair<string, string>[] _selectors = fieldSelector is null ? [] : [new("fieldSelector", fieldSelector)];

    /// <summary>Lists and watches until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => new ListWatch(this, time, entropy, logger).RunAsync(cancellationToken);

    string IListWatchSource.Name => path;

    async ValueTask<ulong> IListWatchSource.ListAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<ObjectKey>();
        var revision = 0UL;
        for (string? next = ""; next is not null; )
        {
            List<KeyValuePair<string, string>> query = [.. _selectors, new("limit", $"{PageSize}")];
            if (next.Length > 0)
            {
                query.Add(new("continue", next));
            }
            using var page = DeepJson.Document((await client.SendAsync("GET", path, query, null, "", cancellationToken)).Body);
            foreach (var item in page.RootElement.GetProperty("items").EnumerateArray())
            {
                keys.Add(item.ObjectKey());
                reader.OnObject(item);
            }
            revision = page.RootElement.ObjectRevision();
            var metadata = page.RootElement.GetProperty("metadata");
            next = metadata.TryGetProperty("continue", out var token) && token.GetString() is { Length: > 0 } more ? more : null;
        }
        reader.OnListed(keys, revision);
        return revision;
    }

    async IAsyncEnumerable<ulong> IListWatchSource.WatchAsync(ulong revision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in client.WatchLinesAsync(path, _selectors, revision, cancellationToken))
        {
            yield return Read(line);
        }
    }

    private ulong Read(ReadOnlyMemory<byte> line)
    {
        using var document = DeepJson.Document(line);
        var value = document.RootElement.GetProperty("object");
        switch (document.RootElement.GetProperty("type").GetString())
        {
            case "ERROR":
                var status = KubernetesJson.Deserialize<V1Status>(value.GetRawText());
                throw new ApiException(status.Code ?? 500, status);
            case "DELETED":
                reader.OnGone(value.ObjectKey());
                break;
            case "ADDED" or "MODIFIED":
                reader.OnObject(value);
                break;
        }
        return value.ObjectRevision();
    }
}
