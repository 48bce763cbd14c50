namespace Petrel.Controllers.PodControl;

/// <summary>How the writes of several pods ended.</summary>
/// <param name="Succeeded">Whether all were executed. If not, no further write may be planned from the same state.</param>
/// <param name="Error">
/// The first error; null when writes failed only because the namespace is being deleted, or because pods have changed.
/// </param>
/// <param name="Reason">The reason for events and conditions: FailedCreate or FailedDelete.</param>
internal sealed record PodBatchResult(bool Succeeded, Exception? Error = null, string Reason = "")
{
    /// <summary>All writes were executed.</summary>
    public static PodBatchResult Success { get; } = new(true);

    public static PodBatchResult From(IReadOnlyList<PodWriteResult> writes, string reason)
    {
        var failed = writes.FirstOrDefault(w => w.Outcome is PodWriteOutcome.Rejected or PodWriteOutcome.Unknown);
        return failed.Error is { } error ? new(false, error, reason)
            : writes.Any(w => w.Outcome is PodWriteOutcome.NamespaceTerminating or PodWriteOutcome.Outdated) ? new(false)
            : Success;
    }
}
