using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.PetrelScheduling;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// GET of <c>pods/NAME/schedulingdecision</c>: why a pod is where it is, or nowhere, as the scheduler recorded it; or why nothing is
/// recorded.
/// </summary>
internal sealed class SchedulingDecisionSubresource(CacheHub caches, ResourceVersionWait revisions, ISchedulingDecisions? decisions)
    : IResourceHandler
{
    public static SubresourceDefinition Definition { get; } =
        new("schedulingdecision", ["get"])
        {
            BelongsTo = static kind => ReferenceEquals(kind, PodKind.Definition),
            Kind = SchedulingDecisionSchema.Gvk,
            Schema = SchedulingDecisionSchema.Root,
        };

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        await revisions.WaitAsync(null, cancellationToken);
        var found = caches.Of(request.Kind).Current.Find(request.PathPrefix + request.Key.Name)
            ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
        using var pod = found.Parse();
        var uid = pod.RootElement.Text("metadata", "uid");
        var document = decisions?.Find(request.Key, uid) ?? throw NotRecorded(request, WhyNone(pod.RootElement));
        document.Insert(0, "apiVersion", SchedulingDecisionSchema.Gvk.ApiVersion);
        document.Insert(1, "kind", SchedulingDecisionSchema.Gvk.Kind);
        document.Insert(
            2,
            "metadata",
            new JsonObject
            {
                ["name"] = request.Key.Name,
                ["namespace"] = request.Key.Namespace,
                ["uid"] = uid,
            }
        );
        return new ApiResponse { StatusCode = 200, Body = JsonBytes.Of(document) };
    }

    private (string Reason, string Message) WhyNone(JsonElement pod)
    {
        var (scheduler, node) = (pod.Text("spec", "schedulerName"), pod.Text("spec", "nodeName"));
        if (decisions is null)
        {
            return ("NoScheduler", "no scheduler runs in this server's process");
        }
        if (!decisions.SchedulerNames.Contains(scheduler))
        {
            return ("OtherScheduler", $"it is scheduled by \"{scheduler}\", which keeps its reasons to itself");
        }
        if (pod.Items("spec", "schedulingGates").Select(g => g.Text("name")).ToArray() is { Length: > 0 } gates)
        {
            return ("SchedulingGated", $"it is not scheduled before its gates are gone: {string.Join(", ", gates)}");
        }
        if (node.Length > 0)
        {
            // Only the binding subresource sets this condition.
            return pod.Items("status", "conditions").Any(c => c.Text("type") == "PodScheduled" && c.Text("status") == "True")
                ? (
                    "NotKept",
                    $"it is on node {node}, and how that was decided is not kept: the decisions about the last "
                        + $"{decisions.Kept} pods are, until the server restarts"
                )
                : ("BoundByName", $"its spec.nodeName said {node} from the start: no scheduler chose it");
        }
        return pod.Has("metadata", "deletionTimestamp")
            ? ("Terminating", "it is being deleted")
            : ("NotScheduledYet", "the scheduler has not looked at it yet");
    }

    private static StatusException NotRecorded(ResourceRequest request, (string Reason, string Message) why) =>
        new(
            404,
            "NotFound",
            $"there is no scheduling decision about pod \"{request.Key.Name}\": {why.Message}",
            new JsonObject
            {
                ["name"] = request.Key.Name,
                ["kind"] = $"{request.Kind.Plural}/{Definition.Name}",
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = why.Reason, ["message"] = why.Message }),
            }
        );
}
