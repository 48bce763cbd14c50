using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Binding;

/// <summary>The result of a binding.</summary>
internal enum BindResult
{
    /// <summary>The pod is bound to the node.</summary>
    Bound,

    /// <summary>The pod is gone, or another pod has its name.</summary>
    Gone,

    /// <summary>Another client bound the pod to another node.</summary>
    BoundElsewhere,

    /// <summary>The pod is not bound.</summary>
    Refused,
}

/// <summary>Binds pods to nodes (<c>POST pods/NAME/binding</c>).</summary>
internal sealed class PodBinder(ApiClient client, TimeProvider time)
{
    private const int MaxAttempts = 10;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Binds a pod. When the answer is lost, it reads the pod until the outcome is known: before that, the pod must not be placed on
    /// another node. The API refuses a second binding, so a request that arrives late cannot bind a pod twice.
    /// </summary>
    public async Task<(BindResult Result, string Problem)> BindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            // The uid is a precondition: another pod of the same name is not bound.
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
            var (result, problem, answerLost) = await SendAsync(pod, nodeName, binding, cancellationToken);
            if (result != BindResult.Refused || !answerLost || attempt == MaxAttempts)
            {
                return (result, problem);
            }
            // The first request may still arrive. Send the same node again, so that either request binds the pod to its reserved place.
            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    private async Task<(BindResult Result, string Problem, bool AnswerLost)> SendAsync(
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
        catch (Exception e) when (e is ApiException { IsConflict: true } || ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            var (result, problem) = await ReadOutcomeAsync(pod, nodeName, e.Message, cancellationToken);
            return (result, problem, e is not ApiException);
        }
        catch (ApiException e)
        {
            return (BindResult.Refused, e.Message, false);
        }
    }

    private async Task<(BindResult Result, string Problem)> ReadOutcomeAsync(
        PodInfo pod,
        string nodeName,
        string problem,
        CancellationToken cancellationToken
    )
    {
        var pause = TimeSpan.Zero;
        while (true)
        {
            try
            {
                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, time, cancellationToken);
                }
                pause =
                    pause < PollInterval ? PollInterval
                    : pause * 2 < LongestPoll ? pause * 2
                    : LongestPoll;
                var now = await client.FindAsync<V1Pod>(pod.Key, cancellationToken);
                return now is null || now.Metadata.Uid != pod.Pod.Metadata.Uid ? (BindResult.Gone, problem)
                    : string.IsNullOrEmpty(now.Spec.NodeName) ? (BindResult.Refused, problem)
                    : now.Spec.NodeName == nodeName ? (BindResult.Bound, "")
                    : (BindResult.BoundElsewhere, problem);
            }
            catch (Exception e) when (e is ApiException || ApiFailures.IsOutcomeUnknown(e, cancellationToken))
            {
                problem = e.Message;
            }
        }
    }
}
