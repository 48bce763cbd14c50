using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// Finds the objects that tokens are bound to, in caches that are current: the token of a deleted object is refused at once.
/// </summary>
internal sealed class TokenBoundObjects(KindRegistry kinds, CacheHub caches)
{
    public async ValueTask<JsonObject?> FindAsync(string plural, ObjectKey key, CancellationToken cancellationToken)
    {
        if (kinds.Find("", "v1", plural) is not { } kind)
        {
            return null;
        }
        var path = kind.Namespaced ? $"{key.Namespace}/{key.Name}" : key.Name;
        await caches.WaitUntilCurrentAsync(cancellationToken);
        return caches.Of(kind).Current.Find(path) is { } cached ? DeepJson.Node(cached.ToArray()) as JsonObject : null;
    }
}
