namespace Petrel.Simulation.Timelines;

/// <summary>An entry of a run's timeline, for people to read.</summary>
/// <param name="At">Since the start of the run.</param>
/// <param name="Kind">What sort of thing.</param>
/// <param name="Who">Who did it: the process that asked for a commit, the machine, <c>fault</c>, <c>user</c>.</param>
/// <param name="What">In words.</param>
/// <param name="Object">The object, as <c>RESOURCE/NAMESPACE/NAME</c> or <c>RESOURCE/NAME</c>; empty when it is about none.</param>
/// <param name="IsDetail">Whether it is of the sort that happens all the time: leases, events, log lines.</param>
public sealed record TimelineEntry(TimeSpan At, TimelineKind Kind, string Who, string What, string Object = "", bool IsDetail = false)
{
    /// <summary>Whether it is about an object that is named <c>pods/web-1</c>, <c>pods/default/web-1</c> or only <c>pods</c>.</summary>
    public bool IsAbout(string name)
    {
        var wanted = name.Split('/');
        var parts = Object.Split('/');
        return wanted[0] == parts[0]
            && wanted.Length switch
            {
                1 => true,
                2 => parts[^1] == wanted[1],
                _ => Object == name,
            };
    }
}

public enum TimelineKind
{
    /// <summary>A change that was committed.</summary>
    Commit,

    /// <summary>A container started on a machine.</summary>
    Container,

    /// <summary>A process started or died.</summary>
    Process,

    /// <summary>A fault began or ended.</summary>
    Fault,

    /// <summary>A user began or finished an operation.</summary>
    Operation,

    /// <summary>A line of a component's log.</summary>
    Log,

    /// <summary>Violations and failures, in the order in which they were found.</summary>
    Finding,
}
