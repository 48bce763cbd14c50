using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>
/// GET of a collection: a consistent picture of one revision, whole or in pages. First pages come from the cache; the pages that
/// follow, and exact revisions, from the store's history.
/// </summary>
internal sealed class ListVerb(IRevisionedStore store, CacheHub caches, TimeProvider time, ResourceVersionWait revisions)
{
    private const int HistoryPage = 1000;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = ListOptions.Read(request.Http, request.Kind, watch: false);
        return Respond(request, await SelectAsync(request, options, cancellationToken));
    }

    /// <summary>The answer of a page, in the form that the client asked for.</summary>
    public ApiResponse Respond(ResourceRequest request, ListPage page)
    {
        switch (request.Format)
        {
            case ResponseFormat.Table:
                return Whole(TableForm.Of(request, page, time.GetUtcNow()));
            case ResponseFormat.Metadata:
                return Whole(Join("PartialObjectMetadataList", "meta.k8s.io/v1", page, [.. page.Items.Select(MetadataForm.Of)]));
        }
        var kind = request.Kind.ListKind.Length > 0 ? request.Kind.ListKind : request.Kind.Gvk.Kind + "List";
        return new ApiResponse
        {
            StatusCode = 200,
            Content = new ListContent(ListContent.Start(kind, request.Kind.Gvk.ApiVersion, page), page.Items),
        };
    }

    private static ApiResponse Whole(ReadOnlyMemory<byte> body) => new() { StatusCode = 200, Body = body };

    /// <summary>The objects that a list or deletecollection is about.</summary>
    public async ValueTask<ListPage> SelectAsync(ResourceRequest request, ListOptions options, CancellationToken cancellationToken)
    {
        if (options.Continue is { } text)
        {
            var token = ContinueToken.Parse(text);
            if (!token.AfterPath.StartsWith(request.PathPrefix, StringComparison.Ordinal))
            {
                throw StatusErrors.BadRequest("continue key is not valid: it is for another list");
            }
            if (!token.IsInconsistent)
            {
                return await FromHistoryAsync(
                    request,
                    options,
                    token.Revision,
                    token.AfterPath,
                    () => StatusErrors.ContinueExpired(token.Inconsistent.ToString()),
                    cancellationToken
                );
            }
            await revisions.WaitAsync(null, cancellationToken);
            return FromSnapshot(caches.Of(request.Kind).Current, request, options, token.AfterPath);
        }
        if (options.ResourceVersionMatch == "Exact")
        {
            await revisions.WaitAsync(options.ResourceVersion, cancellationToken);
            return await FromHistoryAsync(
                request,
                options,
                options.ResourceVersion!.Value,
                null,
                StatusErrors.RevisionCompacted,
                cancellationToken
            );
        }
        await revisions.WaitAsync(options.ResourceVersion, cancellationToken);
        var snapshot = caches.Of(request.Kind).Current;
        return FromSnapshot(snapshot, request, options, null);
    }

    private static ListPage FromSnapshot(Snapshot snapshot, ResourceRequest request, ListOptions options, string? afterPath)
    {
        var (start, end) = snapshot.Range(request.PathPrefix, afterPath);
        var items = new List<WireObject>(
            options.SelectsAll
                ? options.Limit > 0
                    ? Math.Min(options.Limit, end - start)
                    : end - start
                : 0
        );
        var visited = 0;
        foreach (var stored in snapshot.Between(start, end))
        {
            var item = stored.As(request.Kind);
            if (options.Limit > 0 && items.Count == options.Limit)
            {
                var token = new ContinueToken(snapshot.Revision, items[^1].Path).ToString();
                return new(items, snapshot.Revision, token, options.SelectsAll ? end - start - visited : null);
            }
            visited++;
            if (options.SelectsAll || options.Matches(item))
            {
                items.Add(item);
            }
        }
        return new(items, snapshot.Revision, "", null);
    }

    private async ValueTask<ListPage> FromHistoryAsync(
        ResourceRequest request,
        ListOptions options,
        long revision,
        string? afterPath,
        Func<StatusException> expired,
        CancellationToken cancellationToken
    )
    {
        var kind = request.Kind;
        var items = new List<WireObject>();
        var after = afterPath is null ? null : kind.StorePrefix + afterPath;
        try
        {
            while (true)
            {
                var range = await store.RangeAsync(kind.StorePrefix + request.PathPrefix, revision, after, HistoryPage, cancellationToken);
                for (var i = 0; i < range.Entries.Count; i++)
                {
                    if (StoredDocumentCheck.Problem(range.Entries[i].Value.Span) is not null)
                    {
                        continue;
                    }
                    var item = StoredDocument.Wire(kind.Storage ?? kind, range.Entries[i]).As(kind);
                    if (!options.SelectsAll && !options.Matches(item))
                    {
                        continue;
                    }
                    items.Add(item);
                    if (items.Count == options.Limit && (range.More || i + 1 < range.Entries.Count))
                    {
                        return new(items, revision, new ContinueToken(revision, item.Path).ToString(), null);
                    }
                }
                if (!range.More)
                {
                    return new(items, revision, "", null);
                }
                after = range.Entries[^1].Key;
            }
        }
        catch (CompactedException)
        {
            throw expired();
        }
    }

    private static ReadOnlyMemory<byte> Join(string kind, string apiVersion, ListPage page, IReadOnlyList<byte[]> items)
    {
        using var body = new MemoryStream();
        body.Write(ListContent.Start(kind, apiVersion, page));
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                body.WriteByte((byte)',');
            }
            body.Write(items[i]);
        }
        body.Write("]}"u8);
        return body.ToArray();
    }
}
