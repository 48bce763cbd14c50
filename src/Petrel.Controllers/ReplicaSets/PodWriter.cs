using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>Creates and deletes a ReplicaSet's pods one at a time, tells the events, and remembers what it could not find out.</summary>
internal sealed class PodWriter(ApiClient client, EventRecorder events, UnknownWrites unknown)
{
    /// <summary>Creates the pod; <paramref name="repeated"/> when the same create was sent before, so that the pod may be there already.</summary>
    public async Task<PodWrite> CreateAsync(V1ReplicaSet set, V1Pod pod, bool repeated, CancellationToken cancellationToken)
    {
        unknown.Creating(set, pod);
        var write = await TryCreateAsync(set, pod, repeated, cancellationToken);
        if (write.End != PodWriteEnd.Unknown)
        {
            unknown.CreateIsKnown(set, pod);
        }
        if (write.End == PodWriteEnd.Done)
        {
            events.Record(set, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        else if (write.End != PodWriteEnd.NamespaceEnding)
        {
            events.Record(set, "Warning", "FailedCreate", $"Error creating: {Words(write.Problem!)}");
        }
        return write;
    }

    /// <summary>Deletes the pod gracefully, and no other one that has its name by now.</summary>
    public async Task<PodWrite> DeleteAsync(V1ReplicaSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        unknown.Deleting(set, pod);
        try
        {
            var options = new V1DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            var deleted = await client.DeleteAsync<V1Pod>(Key(pod), options, cancellationToken);
            unknown.DeleteIsKnown(set, pod);
            if (deleted)
            {
                events.Record(set, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            }
            return new(PodWriteEnd.Done);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (IsUnknown(e) || e is ApiException))
        {
            events.Record(set, "Warning", "FailedDelete", $"Error deleting: {Words(e)}");
            if (IsUnknown(e))
            {
                return new(PodWriteEnd.Unknown, Problem: e);
            }
            unknown.DeleteIsKnown(set, pod);
            return new(PodWriteEnd.Refused, Problem: e);
        }
    }

    /// <summary>A problem in the words of the API.</summary>
    public static string Words(Exception problem) => problem is ApiException { Status.Message: { } message } ? message : problem.Message;

    private async Task<PodWrite> TryCreateAsync(V1ReplicaSet set, V1Pod pod, bool repeated, CancellationToken cancellationToken)
    {
        try
        {
            return Done(await client.CreateAsync(pod, cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && IsUnknown(e))
        {
            return new(PodWriteEnd.Unknown, Problem: e);
        }
        catch (ApiException e) when (!repeated)
        {
            // Even AlreadyExists: by chance another pod has the name.
            return Refused(e);
        }
        catch (ApiException e)
        {
            // The refusal is of the repetition; what the first one did, only the pod can tell.
            return await LookAsync(set, pod, e, cancellationToken);
        }
    }

    private async Task<PodWrite> LookAsync(V1ReplicaSet set, V1Pod pod, ApiException refusal, CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.FindAsync<V1Pod>(Key(pod), cancellationToken);
            if (found is null)
            {
                // It existed a moment ago and is gone: it was created, and someone deleted it.
                return refusal.IsAlreadyExists ? new(PodWriteEnd.Done) : Refused(refusal);
            }
            return found.IsControlledBy(set.Metadata.Uid) ? Done(found) : Refused(refusal);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (IsUnknown(e) || e is ApiException))
        {
            return new(PodWriteEnd.Unknown, Problem: e);
        }
    }

    private static PodWrite Done(V1Pod pod) => new(PodWriteEnd.Done, ulong.Parse(pod.Metadata.ResourceVersion));

    private static PodWrite Refused(ApiException e) => new(
        e.Status.Details?.Causes?.Any(c => c.Reason == "NamespaceTerminating") == true ? PodWriteEnd.NamespaceEnding : PodWriteEnd.Refused,
        Problem: e);

    // The request may have been carried out although the answer says nothing of it.
    private static bool IsUnknown(Exception e) => e is ApiException api
        ? api.StatusCode is >= 500 or 408
        : e is IOException or HttpRequestException or TimeoutException or OperationCanceledException;

    private static ObjectKey Key(V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
}
