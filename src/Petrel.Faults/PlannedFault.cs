namespace Petrel.Faults;

/// <summary>A fault that happens at a time, for a while. Equal in every field means equal.</summary>
public sealed record PlannedFault
{
    /// <summary>When it begins, since the start of the run.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>The name of its <see cref="FaultDefinition"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The process or node: <c>server</c>, <c>controllers</c>, <c>scheduler</c>, <c>node1</c>; empty for all of them.</summary>
    public string Target { get; init; } = "";

    /// <summary>How long it lasts. It never lasts beyond the time at which all faults heal.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How it strikes, in the record of its definition.</summary>
    public FaultParameters Parameters { get; init; } = new NoParameters();

    public TimeSpan End => At + Duration;
}

/// <summary>
/// What one kind of fault needs to know beyond time and target. Each definition has a record of its own, whose properties are fields of the
/// fault in plan files. A property that a file leaves out has the default of the record's constructor.
/// </summary>
public abstract record FaultParameters;

/// <summary>The parameters of a fault that has none.</summary>
public sealed record NoParameters : FaultParameters;
