namespace Petrel.Scheduler.Framework;

internal enum VerdictCode : byte
{
    Pass,

    /// <summary>The node can't take the pod now; it may when pods leave it (upstream: Unschedulable).</summary>
    Unschedulable,

    /// <summary>The node can't take the pod, whichever pods leave it (upstream: UnschedulableAndUnresolvable).</summary>
    Unresolvable,
}

/// <summary>
/// What a filter says about a node: yes, or why not in upstream's words. Filters keep their verdicts and hand out the same ones again.
/// </summary>
internal sealed class Verdict
{
    private Verdict(VerdictCode code, IReadOnlyList<string> reasons)
    {
        Code = code;
        Reasons = reasons;
    }

    public static Verdict Pass { get; } = new(VerdictCode.Pass, []);

    public VerdictCode Code { get; }

    public IReadOnlyList<string> Reasons { get; }

    public bool Passes => Code == VerdictCode.Pass;

    public static Verdict Unschedulable(params IReadOnlyList<string> reasons) => new(VerdictCode.Unschedulable, reasons);

    public static Verdict Unresolvable(params IReadOnlyList<string> reasons) => new(VerdictCode.Unresolvable, reasons);
}
