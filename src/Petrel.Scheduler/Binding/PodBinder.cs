using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Binding;

/// <summary>What became of a binding.</summary>
internal enum BindResult
{
    /// <summary>The pod is on the node.</summary>
    Bound,

    /// <summary>The pod is gone, or another one has its name.</summary>
    Gone,

    /// <summary>The pod is on another node already: somebody else was faster.</summary>
    Elsewhere,

    /// <summary>The pod is not bound.</summary>
    Refused,
}

/// <summary>Tells the API which node a pod goes to (<c>POST pods/NAME/binding</c>).</summary>
internal sealed class PodBinder(ApiClient client, TimeProvider time)
{
    private const int MostAttempts = 10;
    private static readonly TimeSpan CheckDelay = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Binds a pod. When the answer is lost, finds out what happened before it says anything: a pod whose fate is unknown must not
    /// be placed elsewhere. The API refuses a second binding, so that even a request that arrives late can't bind a pod twice.
    /// </summary>
    public async Task<(BindResult Result, string Problem)> BindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            // The uid is the precondition: not another pod of the same name.
            Metadata = new()
            {
                Name = pod.Key.Name,
                NamespaceProperty = pod.Key.Namespace,
                Uid = pod.Pod.Metadata.Uid,
            },
            Target = new()
            {
                ApiVersion = "v1",
                Kind = "Node",
                Name = nodeName,
            },
        };
        for (var attempt = 1; ; attempt++)
        {
            var (result, problem, wasLost) = await SendAsync(pod, nodeName, binding, cancellationToken);
            if (result != BindResult.Refused || !wasLost || attempt == MostAttempts)
            {
                return (result, problem);
            }
            // It may still arrive: to the same node again, so that whichever comes first keeps to the place that is kept for it.
            await Task.Delay(CheckDelay, time, cancellationToken);
        }
    }

    private async Task<(BindResult Result, string Problem, bool WasLost)> SendAsync(
        PodInfo pod,
        string nodeName,
        V1Binding binding,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await client.SendAsync(
                "POST",
                TypedKind<V1Pod>.Path(pod.Key.Namespace, pod.Key.Name, "binding"),
                [],
                ApiClient.Body(binding),
                "application/json",
                cancellationToken
            );
            return (BindResult.Bound, "", false);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return (BindResult.Gone, e.Message, false);
        }
        catch (ApiException e) when (e.StatusCode is >= 400 and < 500 && !e.IsConflict)
        {
            return (BindResult.Refused, e.Message, false);
        }
        catch (Exception e) when (IsUnclear(e, cancellationToken))
        {
            var (result, problem) = await FindOutAsync(pod, nodeName, e.Message, cancellationToken);
            return (result, problem, e is not ApiException);
        }
    }

    private async Task<(BindResult Result, string Problem)> FindOutAsync(
        PodInfo pod,
        string nodeName,
        string problem,
        CancellationToken cancellationToken
    )
    {
        for (var first = true; ; first = false)
        {
            try
            {
                if (!first)
                {
                    await Task.Delay(CheckDelay, time, cancellationToken);
                }
                var now = await client.FindAsync<V1Pod>(pod.Key, cancellationToken);
                return now is null || now.Metadata.Uid != pod.Pod.Metadata.Uid ? (BindResult.Gone, problem)
                    : string.IsNullOrEmpty(now.Spec.NodeName) ? (BindResult.Refused, problem)
                    : now.Spec.NodeName == nodeName ? (BindResult.Bound, "")
                    : (BindResult.Elsewhere, problem);
            }
            catch (Exception e) when (IsUnclear(e, cancellationToken))
            {
                problem = e.Message;
            }
        }
    }

    // Conflicts and the server's own failures leave open what happened, as lost answers do.
    private static bool IsUnclear(Exception exception, CancellationToken cancellationToken) =>
        exception is ApiException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
