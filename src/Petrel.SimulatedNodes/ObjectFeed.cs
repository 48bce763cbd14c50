using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes;

/// <summary>Who hears of the objects of a kind. Called in order, one at a time; must be quick and must not throw.</summary>
internal interface IFeedReader
{
    /// <summary>The object is there as it stands.</summary>
    void OnObject(JsonElement value);

    /// <summary>The object is gone.</summary>
    void OnGone(ObjectKey key);

    /// <summary>All that is there has been told: what else is known is gone, unless it came after <paramref name="revision"/>.</summary>
    void OnListed(IReadOnlySet<ObjectKey> keys, ulong revision);
}

/// <summary>
/// Follows the objects of one kind by list and watch without keeping them, nor anything of them that its reader does not take: there are
/// tens of thousands, and of each the fleet needs little.
/// </summary>
internal sealed partial class ObjectFeed(
    ApiClient client,
    string path,
    string? fieldSelector,
    IFeedReader reader,
    TimeProvider time,
    ILogger logger
)
{
    private const int PageSize = 500;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private ulong _revision;

    /// <summary>Lists and watches until cancelled; every failure is followed by another try.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var listed = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (!listed)
                {
                    await ListAsync(cancellationToken);
                    listed = true;
                }
                await WatchAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.IsGone)
            {
                listed = false;
            }
            catch (Exception e) when (e is ApiException or IOException or HttpRequestException or OperationCanceledException)
            {
                LogRetry(logger, path, e.Message);
            }
            await Pause.ForAsync(RetryDelay, time, cancellationToken);
        }
    }

    private async ValueTask ListAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<ObjectKey>();
        for (string? next = ""; next is not null; )
        {
            var query = Query(KeyValuePair.Create("limit", $"{PageSize}"));
            if (next.Length > 0)
            {
                query.Add(new("continue", next));
            }
            using var page = DeepJson.Document((await client.SendAsync("GET", path, query, null, "", cancellationToken)).Body);
            foreach (var item in page.RootElement.GetProperty("items").EnumerateArray())
            {
                keys.Add(KeyOf(item));
                reader.OnObject(item);
            }
            var metadata = page.RootElement.GetProperty("metadata");
            _revision = RevisionOf(metadata);
            next = metadata.TryGetProperty("continue", out var token) && token.GetString() is { Length: > 0 } more ? more : null;
        }
        reader.OnListed(keys, _revision);
    }

    private async ValueTask WatchAsync(CancellationToken cancellationToken)
    {
        var query = Query(
            KeyValuePair.Create("watch", "true"),
            KeyValuePair.Create("allowWatchBookmarks", "true"),
            KeyValuePair.Create("resourceVersion", $"{_revision}")
        );
        var response = await client.SendAsync("GET", path, query, null, "", cancellationToken);
        var stream = response.Stream ?? throw new IOException("The API answered a watch without a stream.");
        var pending = new MemoryStream();
        await foreach (var chunk in stream.WithCancellation(cancellationToken))
        {
            var rest = chunk;
            for (int end; (end = rest.Span.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
            {
                pending.Write(rest.Span[..end]);
                if (pending.Length > 0)
                {
                    Read(pending.GetBuffer().AsMemory(0, (int)pending.Length));
                    pending.SetLength(0);
                }
            }
            pending.Write(rest.Span);
        }
    }

    private void Read(ReadOnlyMemory<byte> line)
    {
        using var document = DeepJson.Document(line);
        var value = document.RootElement.GetProperty("object");
        switch (document.RootElement.GetProperty("type").GetString())
        {
            case "ERROR":
                var status = KubernetesJson.Deserialize<V1Status>(value.GetRawText());
                throw new ApiException(status.Code ?? 500, status);
            case "DELETED":
                reader.OnGone(KeyOf(value));
                break;
            case "ADDED" or "MODIFIED":
                reader.OnObject(value);
                break;
        }
        _revision = Math.Max(_revision, RevisionOf(value.GetProperty("metadata")));
    }

    private List<KeyValuePair<string, string>> Query(params ReadOnlySpan<KeyValuePair<string, string>> parameters)
    {
        List<KeyValuePair<string, string>> query = [.. parameters];
        if (fieldSelector is not null)
        {
            query.Add(new("fieldSelector", fieldSelector));
        }
        return query;
    }

    private static ObjectKey KeyOf(JsonElement value)
    {
        var metadata = value.GetProperty("metadata");
        return new(metadata.TryGetProperty("namespace", out var ns) ? ns.GetString()! : "", metadata.GetProperty("name").GetString()!);
    }

    private static ulong RevisionOf(JsonElement metadata) => ulong.Parse(metadata.GetProperty("resourceVersion").GetString()!);

    [LoggerMessage(EventId = 5050, Level = LogLevel.Warning, Message = "Watching {Path} was interrupted and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string path, string reason);
}
