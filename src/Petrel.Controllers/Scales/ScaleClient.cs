using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Scales;

/// <summary>
/// Reads and writes the subresource <c>scale</c> of objects of any kind, including custom resources. Discovery finds the kind.
/// </summary>
internal sealed class ScaleClient(ApiClient client)
{
    private readonly ApiDiscovery _discovery = new(client);
    private volatile DiscoveredKinds? _kinds;

    /// <summary>The object's scale; null when the object or the kind does not exist.</summary>
    /// <exception cref="ApiException">The API refuses.</exception>
    public async ValueTask<V1Scale?> FindAsync(string apiVersion, string kind, ObjectKey key, CancellationToken cancellationToken)
    {
        if (await PathAsync(apiVersion, kind, key, cancellationToken) is not { } path)
        {
            return null;
        }
        try
        {
            return Read(await client.SendAsync("GET", path, [], null, "", cancellationToken));
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Writes a scale with the resourceVersion that was read.</summary>
    /// <exception cref="ApiException">The API refuses, or the object has changed.</exception>
    public async ValueTask<V1Scale> UpdateAsync(
        string apiVersion,
        string kind,
        ObjectKey key,
        V1Scale scale,
        CancellationToken cancellationToken
    )
    {
        var path = await PathAsync(apiVersion, kind, key, cancellationToken)
            ?? throw new InvalidOperationException($"{kind} of {apiVersion} is not served any more");
        return Read(await client.SendAsync("PUT", path, [], ApiClient.Body(scale), "application/json", cancellationToken));
    }

    private async ValueTask<string?> PathAsync(string apiVersion, string kind, ObjectKey key, CancellationToken cancellationToken)
    {
        var found = _kinds?.Find(apiVersion, kind);
        if (found is null)
        {
            _kinds = await _discovery.ReadAsync(cancellationToken);
            found = _kinds.Find(apiVersion, kind);
        }
        return found is null ? null : found.Path(key) + "/scale";
    }

    private static V1Scale Read(Model.Api.ApiResponse response) => KubernetesJson.Deserialize<V1Scale>(response.BodyText);
}
