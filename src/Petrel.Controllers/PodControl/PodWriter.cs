using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>Creates and deletes an owner's pods one at a time, tells the events, and remembers what it could not find out.</summary>
internal sealed class PodWriter(ApiClient client, EventRecorder events, Expectations expectations)
{
    /// <summary>
    /// Creates the pod; <paramref name="repeated"/> when the same create was sent before, so that the pod may be there already.
    /// </summary>
    public async Task<PodWrite> CreateAsync(PodOwner owner, V1Pod pod, bool repeated, CancellationToken cancellationToken)
    {
        expectations.ExpectCreate(owner, pod);
        var write = await TryCreateAsync(owner, pod, repeated, cancellationToken);
        if (write.Outcome != PodWriteOutcome.Unknown)
        {
            expectations.CreateObserved(owner, pod);
        }
        if (write.Outcome == PodWriteOutcome.Succeeded)
        {
            events.Record(owner.Object, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        else if (write.Outcome != PodWriteOutcome.NamespaceTerminating)
        {
            events.Record(owner.Object, "Warning", "FailedCreate", $"Error creating: {MessageOf(write.Problem!)}");
        }
        return write;
    }

    /// <summary>Deletes the pod gracefully, and no other one that has its name by now.</summary>
    public async Task<PodWrite> DeleteAsync(PodOwner owner, V1Pod pod, CancellationToken cancellationToken)
    {
        expectations.ExpectDelete(owner, pod);
        try
        {
            var options = new V1DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            var deleted = await client.DeleteAsync<V1Pod>(Key(pod), options, cancellationToken);
            expectations.DeleteObserved(owner, pod);
            if (deleted)
            {
                events.Record(owner.Object, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            }
            return new(PodWriteOutcome.Succeeded);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (IsUnknown(e) || e is ApiException))
        {
            events.Record(owner.Object, "Warning", "FailedDelete", $"Error deleting: {MessageOf(e)}");
            if (IsUnknown(e))
            {
                return new(PodWriteOutcome.Unknown, Problem: e);
            }
            expectations.DeleteObserved(owner, pod);
            return new(PodWriteOutcome.Rejected, Problem: e);
        }
    }

    /// <summary>A problem in the words of the API.</summary>
    public static string MessageOf(Exception problem) =>
        problem is ApiException { Status.Message: { } message } ? message : problem.Message;

    private async Task<PodWrite> TryCreateAsync(PodOwner owner, V1Pod pod, bool repeated, CancellationToken cancellationToken)
    {
        try
        {
            return Done(await client.CreateAsync(pod, cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && IsUnknown(e))
        {
            return new(PodWriteOutcome.Unknown, Problem: e);
        }
        catch (ApiException e) when (!repeated && !e.IsAlreadyExists)
        {
            return Refused(e);
        }
        catch (ApiException e)
        {
            // The refusal is of the repetition, by us or by a network that delivered the request twice; what the first one did, only the
            // pod can tell. (By chance another's pod may have the name: then it is refused all the same.)
            return await LookAsync(owner, pod, e, cancellationToken);
        }
    }

    private async Task<PodWrite> LookAsync(PodOwner owner, V1Pod pod, ApiException refusal, CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.FindAsync<V1Pod>(Key(pod), cancellationToken);
            if (found is null)
            {
                // It existed a moment ago and is gone: it was created, and someone deleted it.
                return refusal.IsAlreadyExists ? new(PodWriteOutcome.Succeeded) : Refused(refusal);
            }
            return found.IsControlledBy(owner.Uid) ? Done(found) : Refused(refusal);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (IsUnknown(e) || e is ApiException))
        {
            return new(PodWriteOutcome.Unknown, Problem: e);
        }
    }

    private static PodWrite Done(V1Pod pod) => new(PodWriteOutcome.Succeeded, ulong.Parse(pod.Metadata.ResourceVersion));

    /// <summary>Whether the namespace is on its way out: nothing can be made in it any more.</summary>
    public static bool IsNamespaceTerminating(Exception e) =>
        e is ApiException { Status.Details.Causes: { } causes } && causes.Any(c => c.Reason == "NamespaceTerminating");

    private static PodWrite Refused(ApiException e) =>
        new(IsNamespaceTerminating(e) ? PodWriteOutcome.NamespaceTerminating : PodWriteOutcome.Rejected, Problem: e);

    /// <summary>Whether the request may have been carried out although the answer says nothing of it.</summary>
    public static bool IsUnknown(Exception e) =>
        e is ApiException api ? api.StatusCode is >= 500 or 408 : e is IOException or OperationCanceledException;

    private static ObjectKey Key(V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
}
