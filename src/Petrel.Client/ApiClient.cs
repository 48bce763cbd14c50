using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.Client;

/// <summary>
/// Typed access to the Kubernetes API through any <see cref="IApiHandler"/>: in process, over HTTP, or over the simulated network. Every
/// method throws <see cref="ApiException"/> when the API refuses the request.
/// </summary>
public sealed class ApiClient(IApiHandler handler, UserInfo user, string userAgent = "petrel")
{
    public async ValueTask<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : IKubernetesObject<V1ObjectMeta> =>
        Read<T>(await SendAsync("GET", TypedKind<T>.Path(key.Namespace, key.Name), [], null, "", cancellationToken));

    /// <summary>Gets the object; null when it does not exist.</summary>
    public async ValueTask<T?> FindAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await GetAsync<T>(key, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>All objects in a namespace ("" for all), and the list's resourceVersion.</summary>
    public ValueTask<(IReadOnlyList<T> Items, ulong Revision)> ListAsync<T>(
        string namespaceName,
        CancellationToken cancellationToken,
        string? labelSelector = null,
        string? fieldSelector = null
    )
        where T : IKubernetesObject<V1ObjectMeta> =>
        ListAsync<T>(namespaceName, labelSelector, fieldSelector, shared: false, cancellationToken);

    /// <summary>
    /// Watches from just after <paramref name="afterRevision"/>. Throws <see cref="ApiException"/> with 410 when that revision is too old.
    /// </summary>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        string namespaceName,
        ulong afterRevision,
        CancellationToken cancellationToken,
        string? labelSelector = null,
        string? fieldSelector = null
    )
        where T : IKubernetesObject<V1ObjectMeta> =>
        WatchAsync<T>(namespaceName, afterRevision, labelSelector, fieldSelector, shared: false, cancellationToken);

    /// <summary>
    /// Lists objects for a cache. If <paramref name="shared"/>, other caches hold the same instances, so they must not be changed.
    /// </summary>
    internal async ValueTask<(IReadOnlyList<T> Items, ulong Revision)> ListAsync<T>(
        string namespaceName,
        string? labelSelector,
        string? fieldSelector,
        bool shared,
        CancellationToken cancellationToken
    )
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var response = await SendAsync(
            "GET",
            TypedKind<T>.Path(namespaceName),
            Selectors(labelSelector, fieldSelector),
            null,
            "",
            cancellationToken
        );
        return ListReader.Read<T>(response.Body.Span, shared);
    }

    /// <summary>
    /// Watches objects for a cache. If <paramref name="shared"/>, other caches hold the same instances, so they must not be changed.
    /// </summary>
    internal async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        string namespaceName,
        ulong afterRevision,
        string? labelSelector,
        string? fieldSelector,
        bool shared,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var selectors = Selectors(labelSelector, fieldSelector);
        await foreach (var line in WatchLinesAsync(TypedKind<T>.Path(namespaceName), selectors, afterRevision, cancellationToken))
        {
            yield return WatchEvent<T>.Parse(line, shared);
        }
    }

    /// <summary>
    /// Watches any collection, with bookmarks, from just after <paramref name="afterRevision"/>. Each line is the JSON of one event; its
    /// memory is valid until the next line is requested.
    /// </summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchLinesAsync(
        string path,
        IReadOnlyList<KeyValuePair<string, string>> selectors,
        ulong afterRevision,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        string accept = Json
    )
    {
        KeyValuePair<string, string>[] query =
        [
            .. selectors,
            new("watch", "true"),
            new("allowWatchBookmarks", "true"),
            new("resourceVersion", afterRevision.ToString()),
        ];
        var response = await SendAsync("GET", path, query, null, "", cancellationToken, accept);
        var stream = response.Stream ?? throw new IOException("The API answered a watch without a stream.");
        await foreach (var line in LineReader.LinesAsync(stream, cancellationToken))
        {
            yield return line;
        }
    }

    public async ValueTask<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : IKubernetesObject<V1ObjectMeta> =>
        Read<T>(
            await SendAsync("POST", TypedKind<T>.Path(value.Metadata.NamespaceProperty ?? ""), [], Body(value), Json, cancellationToken)
        );

    /// <summary>Replaces the object. Its resourceVersion, when set, is a precondition.</summary>
    public async ValueTask<T> UpdateAsync<T>(T value, CancellationToken cancellationToken, string? subresource = null)
        where T : IKubernetesObject<V1ObjectMeta> =>
        Read<T>(
            await SendAsync(
                "PUT",
                TypedKind<T>.Path(value.Metadata.NamespaceProperty ?? "", value.Metadata.Name, subresource),
                [],
                Body(value),
                Json,
                cancellationToken
            )
        );

    /// <summary>Replaces the object's status.</summary>
    public ValueTask<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : IKubernetesObject<V1ObjectMeta> => UpdateAsync(value, cancellationToken, "status");

    /// <summary>
    /// Applies a JSON merge patch (RFC 7396); include <c>metadata.resourceVersion</c> or <c>metadata.uid</c> for a precondition.
    /// </summary>
    public ValueTask<T> PatchAsync<T>(ObjectKey key, JsonObject mergePatch, CancellationToken cancellationToken, string? subresource = null)
        where T : IKubernetesObject<V1ObjectMeta> =>
        PatchAsync<T>(key, mergePatch, "application/merge-patch+json", subresource, cancellationToken);

    /// <summary>
    /// Applies a strategic merge patch, which merges lists that have merge keys; include <c>metadata.uid</c> for a precondition.
    /// </summary>
    public ValueTask<T> PatchStrategicallyAsync<T>(
        ObjectKey key,
        JsonObject patch,
        CancellationToken cancellationToken,
        string? subresource = null
    )
        where T : IKubernetesObject<V1ObjectMeta> =>
        PatchAsync<T>(key, patch, "application/strategic-merge-patch+json", subresource, cancellationToken);

    private async ValueTask<T> PatchAsync<T>(
        ObjectKey key,
        JsonObject patch,
        string contentType,
        string? subresource,
        CancellationToken cancellationToken
    )
        where T : IKubernetesObject<V1ObjectMeta> =>
        Read<T>(
            await SendAsync(
                "PATCH",
                TypedKind<T>.Path(key.Namespace, key.Name, subresource),
                [],
                Encoding.UTF8.GetBytes(patch.ToJsonString()),
                contentType,
                cancellationToken
            )
        );

    /// <summary>Deletes the object. Returns false when it does not exist, or when it has another uid than the precondition.</summary>
    public async ValueTask<bool> DeleteAsync<T>(ObjectKey key, V1DeleteOptions options, CancellationToken cancellationToken)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            options.ApiVersion ??= "v1";
            options.Kind ??= "DeleteOptions";
            await SendAsync("DELETE", TypedKind<T>.Path(key.Namespace, key.Name), [], Body(options), Json, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound || (e.IsConflict && options.Preconditions is not null))
        {
            return false;
        }
    }

    /// <summary>
    /// Sends any other request, for example to a subresource such as <c>pods/NAME/binding</c>. <paramref name="accept"/> asks for another
    /// media type of the response.
    /// </summary>
    public async ValueTask<ApiResponse> SendAsync(
        string method,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        ReadOnlyMemory<byte>? body,
        string contentType,
        CancellationToken cancellationToken,
        string accept = Json
    )
    {
        var response = await handler.HandleAsync(
            new ApiRequest
            {
                Method = method,
                Path = path,
                Query = query,
                Accept = accept,
                ContentType = contentType,
                UserAgent = userAgent,
                Body = body ?? default,
                User = user,
            },
            cancellationToken
        );
        return response.IsSuccess ? response : throw ToException(response);
    }

    /// <summary>The JSON of an object as it is sent to the API.</summary>
    public static ReadOnlyMemory<byte> Body(object value) => ObjectJson.Write(value);

    private const string Json = "application/json";

    private static List<KeyValuePair<string, string>> Selectors(string? labelSelector, string? fieldSelector)
    {
        var query = new List<KeyValuePair<string, string>>();
        if (labelSelector is not null)
        {
            query.Add(new("labelSelector", labelSelector));
        }
        if (fieldSelector is not null)
        {
            query.Add(new("fieldSelector", fieldSelector));
        }
        return query;
    }

    private static T Read<T>(ApiResponse response) => ObjectJson.Read<T>(response.Body.Span);

    private static ApiException ToException(ApiResponse response)
    {
        V1Status? status = null;
        try
        {
            status = ObjectJson.Read<V1Status>(response.Body.Span);
        }
        catch (System.Text.Json.JsonException)
        {
            // The body is not a Status, for example a proxy's error page. Its text is then the best message available.
        }
        return new ApiException(
            response.StatusCode,
            status
                ?? new V1Status
                {
                    Code = response.StatusCode,
                    Reason = "Unknown",
                    Message = response.BodyText,
                }
        );
    }
}
