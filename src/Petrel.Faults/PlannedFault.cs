namespace Petrel.Faults;

/// <summary>A fault with its time and duration. Two faults are equal when all fields are equal.</summary>
public sealed record PlannedFault
{
    /// <summary>When it begins, as the time since the start of the run.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>The name of its <see cref="FaultDefinition"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The process or node: <c>server</c>, <c>controllers</c>, <c>scheduler</c>, <c>node1</c>; empty for all.</summary>
    public string Target { get; init; } = "";

    /// <summary>How long it lasts. It never lasts beyond the time at which all faults heal.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Its parameters, in the record type of its definition.</summary>
    public FaultParameters Parameters { get; init; } = new NoParameters();

    public TimeSpan End => At + Duration;
}

/// <summary>
/// The parameters of one kind of fault, apart from time and target. Each definition has its own record, whose properties are fields of the
/// fault in plan files. A property that is missing in a file has the default of the record's constructor.
/// </summary>
public abstract record FaultParameters;

/// <summary>For kinds of faults without parameters.</summary>
public sealed record NoParameters : FaultParameters;
