using Petrel.Faults.Capabilities;

namespace Petrel.Faults;

/// <summary>
/// A kind of fault. It defines how often the fault is drawn, its parameters, its effect on a cluster, and its description. To add one,
/// write its file in Definitions and its row in <c>BuiltInFaults</c>.
/// </summary>
public abstract record FaultDefinition
{
    /// <summary>The name in kebab case. Plans identify their faults by it, and the random streams are derived from it.</summary>
    public required string Name { get; init; }

    /// <summary>How often it is drawn, relative to the other definitions; 0 for never.</summary>
    public required int Weight { get; init; }

    /// <summary>Whether its target is a node. Such a fault is not drawn for a cluster without nodes.</summary>
    public bool NeedsNode { get; init; }

    /// <summary>Its former names, for older plan files.</summary>
    public IReadOnlyList<string> FormerNames { get; init; } = [];

    /// <summary>The record type of its parameters.</summary>
    public abstract Type ParametersType { get; }

    /// <summary>The interface of the capability that a cluster must implement.</summary>
    public abstract Type Capability { get; }

    /// <summary>Draws a fault of this kind that begins at the given time.</summary>
    public abstract PlannedFault DrawAt(TimeSpan at, FaultDraw draw);

    /// <summary>Injects a fault that is due. Returns when the fault is over.</summary>
    /// <exception cref="NotSupportedException">The cluster does not implement the capability.</exception>
    public abstract Task StrikeAsync(ICanHeal cluster, PlannedFault fault, FaultClock clock, CancellationToken cancellationToken);

    /// <summary>Describes the fault for histories and timelines.</summary>
    public abstract string DescribeFault(PlannedFault fault);

    /// <summary>Weaker variants of the fault, for shrinking plans.</summary>
    public abstract IEnumerable<PlannedFault> SimplifyFault(PlannedFault fault);
}

/// <summary>A kind of fault that needs one capability and has one record of parameters.</summary>
/// <typeparam name="TCluster">The capability that a cluster must implement.</typeparam>
/// <typeparam name="TParameters">The parameters of a fault of this kind, apart from time and target.</typeparam>
public sealed record FaultDefinition<TCluster, TParameters> : FaultDefinition
    where TCluster : class
    where TParameters : FaultParameters
{
    /// <summary>Draws parameters, target and duration.</summary>
    public required Func<FaultDraw, DrawnFault<TParameters>> Draw { get; init; }

    /// <summary>Begins the effect on the cluster, waits until the fault is over, and ends the effect.</summary>
    public required Func<TCluster, FaultStrike<TParameters>, CancellationToken, Task> Strike { get; init; }

    /// <summary>Describes the fault, given the target's name (<c>everybody</c> for all) and the parameters.</summary>
    public required Func<string, TParameters, string> Describe { get; init; }

    /// <summary>Weaker parameters. Most kinds have none.</summary>
    public Func<TParameters, IEnumerable<TParameters>> Simplify { get; init; } = static _ => [];

    /// <inheritdoc/>
    public override Type ParametersType => typeof(TParameters);

    /// <inheritdoc/>
    public override Type Capability => typeof(TCluster);

    /// <inheritdoc/>
    public override PlannedFault DrawAt(TimeSpan at, FaultDraw draw)
    {
        var drawn = Draw(draw);
        return new()
        {
            At = at,
            Kind = Name,
            Target = drawn.Target,
            Duration = drawn.Duration,
            Parameters = drawn.Parameters,
        };
    }

    /// <inheritdoc/>
    public override Task StrikeAsync(ICanHeal cluster, PlannedFault fault, FaultClock clock, CancellationToken cancellationToken) =>
        cluster is TCluster target
            ? Strike(target, new(fault, ParametersOf(fault), clock), cancellationToken)
            : throw new NotSupportedException($"The fault {Name} needs a cluster that offers {typeof(TCluster).Name}.");

    /// <inheritdoc/>
    public override string DescribeFault(PlannedFault fault)
    {
        var what = Describe(fault.Target.Length == 0 ? "everybody" : fault.Target, ParametersOf(fault));
        return fault.Duration > TimeSpan.Zero ? $"{what} (for {FaultText.Seconds(fault.Duration)})" : what;
    }

    /// <inheritdoc/>
    public override IEnumerable<PlannedFault> SimplifyFault(PlannedFault fault) =>
        Simplify(ParametersOf(fault)).Select(simpler => fault with { Parameters = simpler });

    private TParameters ParametersOf(PlannedFault fault) =>
        fault.Parameters as TParameters
        ?? throw new ArgumentException($"A fault {Name} has {fault.Parameters.GetType().Name}, and needs {typeof(TParameters).Name}.");
}

/// <summary>The random choices of a definition for one fault. The time of the fault is drawn separately.</summary>
public readonly record struct DrawnFault<TParameters>(TParameters Parameters, string Target = "", TimeSpan Duration = default)
    where TParameters : FaultParameters;
