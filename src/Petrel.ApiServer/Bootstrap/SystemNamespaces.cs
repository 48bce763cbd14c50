using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Store;

namespace Petrel.ApiServer.Bootstrap;

/// <summary>Creates the namespaces that every cluster has, at the start of a server.</summary>
internal sealed class SystemNamespaces(IRevisionedStore store, KindRegistry kinds, CreateVerb create)
{
    private static readonly string[] Names = ["default", "kube-node-lease", "kube-public", "kube-system"];

    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (kinds.Find("", "v1", "namespaces") is not { } kind)
        {
            return;
        }
        foreach (var name in Names)
        {
            if (await store.GetAsync(kind.StorePrefix + name, cancellationToken) is null)
            {
                var document = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = name },
                };
                await create.CreateAsync(kind, "", document, WriteCall.OfServer("bootstrap"), cancellationToken);
            }
        }
    }
}
