namespace Petrel.Scheduler.Framework;

/// <summary>The code of a <see cref="Status"/>, with upstream's names.</summary>
internal enum StatusCode : byte
{
    /// <summary>The pod passes.</summary>
    Success,

    /// <summary>The node cannot take the pod now. It may do so when pods leave it: preemption may help.</summary>
    Unschedulable,

    /// <summary>The node cannot take the pod, whichever pods leave it: preemption does not help.</summary>
    UnschedulableAndUnresolvable,
}

/// <summary>
/// What a plugin says about a pod on a node (upstream: Status): success, or a refusal with upstream's reasons. A filter makes its refusals
/// once and returns the same instances for many nodes.
/// </summary>
internal sealed class Status
{
    private Status(StatusCode code, IReadOnlyList<string> reasons)
    {
        Code = code;
        Reasons = reasons;
    }

    public static Status Success { get; } = new(StatusCode.Success, []);

    public StatusCode Code { get; }

    /// <summary>Why the pod is refused; none for success.</summary>
    public IReadOnlyList<string> Reasons { get; }

    public bool IsSuccess => Code == StatusCode.Success;

    /// <summary>A refusal that other pods' leaving may lift.</summary>
    public static Status Unschedulable(params IReadOnlyList<string> reasons) => new(StatusCode.Unschedulable, reasons);

    /// <summary>A refusal that no pod's leaving lifts.</summary>
    public static Status Unresolvable(params IReadOnlyList<string> reasons) => new(StatusCode.UnschedulableAndUnresolvable, reasons);
}
