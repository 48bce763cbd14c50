using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Rbac;
using Petrel.ApiServer.Maintenance;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reconciliation;

/// <summary>Fills the rules of aggregated ClusterRoles (upstream: the clusterrole-aggregation controller).</summary>
internal sealed class RoleAggregation(CacheHub caches, BackgroundRetry retry, UpdateEngine updates)
{
    private readonly ReconcileLoop _loop = new("aggregated cluster roles", RbacKinds.ClusterRole, caches, retry);

    /// <summary>Reconciles until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync(async token => await RunOnceAsync(token), cancellationToken);

    /// <summary>Reconciles until nothing changes any more; at the start of a server.</summary>
    public async ValueTask SettleAsync(CancellationToken cancellationToken)
    {
        while (await RunOnceAsync(cancellationToken))
        {
            // Roles that aggregate aggregated roles need another round.
        }
    }

    private async ValueTask<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var changed = false;
        await caches.WaitUntilCurrentAsync(cancellationToken);
        var snapshot = caches.Of(RbacKinds.ClusterRole).Current;
        var roles = snapshot.Between(0, snapshot.Objects.Count).Select(o => DeepJson.Node(o.ToArray())!.AsObject()).ToList();
        foreach (var role in roles)
        {
            if (AggregatedRules.Of(role, roles) is { } rules && !JsonNode.DeepEquals(rules, role.List("rules") ?? []))
            {
                changed = true;
                await updates.RunAsync(
                    RbacKinds.ClusterRole,
                    new ObjectKey("", role.Metadata().Text("name")),
                    UpdateScope.Server,
                    WriteCall.OfServer("clusterrole-aggregation-controller"),
                    current =>
                    {
                        current["rules"] = rules.DeepClone();
                        return current;
                    },
                    cancellationToken
                );
            }
        }
        return changed;
    }
}
