using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.Pods;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Store;

namespace Petrel.ApiServer.Bootstrap;

/// <summary>Creates the priority classes that every cluster has, at the start of a server.</summary>
internal sealed class SystemPriorityClasses(IRevisionedStore store, KindRegistry kinds, CreateVerb create)
{
    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (kinds.Find("scheduling.k8s.io", "v1", "priorityclasses") is not { } kind)
        {
            return;
        }
        foreach (var priority in PodPriority.System)
        {
            if (await store.GetAsync(kind.StorePrefix + priority.Name, cancellationToken) is null)
            {
                var document = new JsonObject
                {
                    ["apiVersion"] = kind.Gvk.ApiVersion,
                    ["kind"] = kind.Gvk.Kind,
                    ["metadata"] = new JsonObject { ["name"] = priority.Name },
                    ["value"] = priority.Value,
                    ["description"] =
                        priority.Name == "system-node-critical"
                            ? "Used for system critical pods that must not be moved from their current node."
                            : "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
                    ["preemptionPolicy"] = priority.PreemptionPolicy,
                };
                await create.CreateAsync(kind, "", document, WriteCall.OfServer("bootstrap"), cancellationToken);
            }
        }
    }
}
